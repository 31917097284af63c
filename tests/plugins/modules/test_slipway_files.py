"""Folders and files are put in place together, each whole at any moment."""

import json
import os
import pwd
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, NoReturn

import pytest
import yaml

from plugins.modules import slipway_files
from tests.plugins import killing
from workstation.paths import ROOT

OWNER = pwd.getpwuid(os.getuid()).pw_name
GROUP = str(subprocess.check_output(["id", "-gn"], text=True).strip())
OWN = {"owner": OWNER, "group": GROUP}


class Module:
    """What Ansible gives a module."""

    check_mode = False

    def __init__(self, **params: Any) -> None:
        self.params: dict[str, Any] = {"folders": [], "files": [], "flush": False} | params
        self.commands: list[str] = []
        self.refusal = ""

    def exit_json(self, **result: Any) -> None:
        self.result = result

    def fail_json(self, **result: Any) -> NoReturn:
        self.result = result
        raise SystemExit(1)

    def run_command(self, command: str) -> tuple[int, str, str]:
        self.commands.append(command)
        return int(bool(self.refusal)), "", self.refusal


def folder(path: Path, mode: str = "0755", **more: Any) -> dict[str, Any]:
    return {"path": str(path), "mode": mode, "files": None, **OWN, **more}


def file(path: Path, content: Any, mode: str = "0644", **more: Any) -> dict[str, Any]:
    return {"path": str(path), "content": content, "mode": mode, "validate": "", **OWN, **more}


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Module:
    """Two folders, one of them with all its files, and two files."""
    host = tmp_path / "host"
    program = {"one.py": "x = '{{ y }}'\n", "two.py": ""}
    module = Module(
        folders=[folder(host), folder(host / "program", "0700", files=program)],
        files=[file(host / "first", '{"a": 1}'), file(host / "second", "text\n", "0600", validate="check %s")],
    )
    monkeypatch.setattr(slipway_files, "AnsibleModule", lambda *_, **__: module)
    return module


def run(module: Module) -> list[str]:
    """Return the names of what changed."""
    slipway_files.main()
    names = [Path(path).name for path in module.result["paths"]]
    assert module.result["changed"] == bool(names)
    assert len(module.result["diff"]) == len(names)
    return names


def failure(module: Module) -> str:
    """Return why it failed."""
    with pytest.raises(SystemExit):
        slipway_files.main()
    return str(module.result["msg"])


def content(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


WANTED = {"program/one.py": "x = '{{ y }}'\n", "program/two.py": "", "first": '{"a": 1}', "second": "text\n"}


def test_all_is_put_in_place_once(module: Module, tmp_path: Path) -> None:
    assert run(module) == ["host", "program", "one.py", "two.py", "first", "second"]
    assert content(tmp_path / "host") == WANTED
    assert (tmp_path / "host" / "second").stat().st_mode & 0o777 == 0o600
    assert run(module) == []
    assert module.commands == [f"check {tmp_path}/host/second.new"]


def test_only_what_differs_is_changed(module: Module, tmp_path: Path) -> None:
    run(module)
    (tmp_path / "host" / "first").write_text("{}")
    (tmp_path / "host" / "program" / "stale.py").touch()
    (tmp_path / "host" / "program" / "one.py").chmod(0o666)
    assert run(module) == ["one.py", "stale.py", "first"]
    assert content(tmp_path / "host") == WANTED


def test_check_mode_says_the_same_and_changes_nothing(module: Module, tmp_path: Path) -> None:
    module.check_mode = True
    module.params["folders"][0]["group"] = "made-by-a-package"
    assert run(module) == ["host", "program", "one.py", "two.py", "first", "second"]
    assert not (tmp_path / "host").exists()
    assert module.commands == []


def test_a_refused_file_ends_the_run_with_the_reason(module: Module, tmp_path: Path) -> None:
    run(module)
    module.params["files"][1]["content"] = "wrong\n"
    module.refusal = "unknown keyword\n"
    assert failure(module) == f"{tmp_path}/host/second: refused by check %s: unknown keyword"
    assert content(tmp_path / "host") == WANTED


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"mode": "420"}, r": mode='420', wanted four octal digits in quotes, such as '0644'"),
        ({"owner": "nobody-here"}, ": owner='nobody-here': this host has no such owner"),
        ({"group": "nobody-here"}, ": group='nobody-here': this host has no such group"),
        ({"content": {"a": 1}}, ": its content is of the type dict, wanted a text"),
    ],
)
def test_a_wrong_entry_is_named(module: Module, tmp_path: Path, wrong: dict[str, Any], message: str) -> None:
    module.params["files"][0] |= wrong
    assert failure(module) == f"{tmp_path}/host/first{message}"


def test_a_missing_folder_is_named(module: Module, tmp_path: Path) -> None:
    module.params["folders"] = []
    assert f"No such file or directory: '{tmp_path}/host/first.new'" in failure(module)


def test_after_an_unfinished_run_the_disk_has_also_what_was_right(
    module: Module, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(module)
    synced: list[str] = []
    monkeypatch.setattr(os, "fsync", lambda fd: synced.append(os.readlink(f"/proc/self/fd/{fd}")))
    run(module)
    assert synced == []
    module.params["flush"] = True
    assert run(module) == []
    host = tmp_path / "host"
    assert {str(host), str(host / "first"), str(host / "second"), str(host / "program" / "one.py")} <= set(synced)


def test_a_run_that_is_killed_anywhere_is_made_good_by_the_next(module: Module, tmp_path: Path) -> None:
    host = tmp_path / "host"

    def old() -> None:
        shutil.rmtree(host, ignore_errors=True)
        (host / "program").mkdir(parents=True)
        for name in WANTED:
            (host / name).write_text("old\n")
        (host / "program" / "stale.py").write_text("old\n")

    old()
    for point in killing.points(slipway_files.main):
        old()
        assert killing.run(slipway_files.main, killed_at=point) == -9
        for name, text in WANTED.items():
            assert (host / name).read_text() in ("old\n", text)
        killing.run(slipway_files.main)
        assert content(host) == WANTED
        assert run(module) == []


PLAYBOOK = """\
- name: Put files in place
  hosts: localhost
  gather_facts: false
  vars:
    hostile: "{{ '{{' }} lookup('pipe', 'touch hostile') {{ '}}' }}"
    programs: "{{ query('ansible.builtin.fileglob', 'program/*.py') }}"
    contents: "{{ query('ansible.builtin.file', *programs, rstrip=false) }}"
  tasks:
    - name: Put files in place
      slipway_files: "{{ wanted }}"
"""


@pytest.mark.long
def test_ansible_passes_every_byte_on(tmp_path: Path) -> None:
    sources = {
        "json.j2": '{{ {"a": [1, "x"]} | to_nice_json(indent=1) }}\n',
        "lines.j2": "{{ hostile }}\n{% if true %}\nx\n{% endif %}\n\n",
    }
    program = {"one.py": "x = '{{ y }}'\n\n", "two.py": "", "three.py": '["a"]\n'}
    for folder, named in (("templates", sources), ("files/program", program)):
        (tmp_path / folder).mkdir(parents=True)
        for name, text in named.items():
            (tmp_path / folder / name).write_text(text)
    tasks = yaml.safe_load(PLAYBOOK)
    files = [
        {"path": f"{tmp_path}/host/{name}", "content": f"{{{{ lookup('ansible.builtin.template', '{name}.j2') }}}}"}
        for name in ("json", "lines")
    ]
    inside = "{{ dict(programs | map('basename') | zip(contents)) }}"
    tasks[0]["tasks"][0]["slipway_files"] = {
        "folders": [{"path": f"{tmp_path}/host", "mode": "0755", "files": inside, **OWN}],
        "files": [{**each, "mode": "0644", **OWN} for each in files],
    }
    (tmp_path / "site.yml").write_text(json.dumps(tasks))
    environment = os.environ | {
        "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
        "ANSIBLE_HOME": str(tmp_path / "home"),
        "ANSIBLE_LOCALHOST_WARNING": "false",
        "LC_ALL": "C.UTF-8",
    }
    command = [str(Path(sys.executable).parent / "ansible-playbook"), "site.yml"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert content(tmp_path / "host") == program | {
        "json": '{\n "a": [\n  1,\n  "x"\n ]\n}\n',
        "lines": "{{ lookup('pipe', 'touch hostile') }}\nx\n\n",
    }
    assert not (tmp_path / "hostile").exists()
