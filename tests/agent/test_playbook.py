"""agent/playbook.py with the real ansible-pull: each of its traps, and what Ansible itself is told."""

import re
import shutil
import signal
from pathlib import Path

import pytest

from agent import playbook, report
from agent.paths import Paths
from tests.agent.machines import Machine, is_running
from tests.agent.remotes import Remote, git

# Each run of the real ansible-pull takes seconds.
long = pytest.mark.long


@pytest.fixture
def machine(tmp_path: Path, remote: Remote) -> Machine:
    """A host with the real ansible-pull, and nothing of the environment it may have been started in."""
    return Machine(tmp_path / "host", remote.url)


def play(*tasks: str, hosts: str = "all", more: str = "") -> str:
    """A playbook of one play."""
    body = "".join(f"    - {task}\n" for task in tasks)
    return f"- name: Make the host\n  hosts: {hosts}\n  gather_facts: false\n{more}  tasks:\n{body}"


def write(path: Path, text: str, name: str = "Write a file", more: str = "") -> str:
    """A task that writes a file."""
    return (
        f'{{name: {name}, ansible.builtin.copy: {{dest: {path}, content: "{text}", mode: "0644"}}, tags: [test]{more}}}'
    )


NOTHING = "{name: Nothing, ansible.builtin.debug: {}}"
FAIL = "{name: Break, ansible.builtin.fail: {msg: It is broken}}"


@long
def test_the_playbook_is_site_yml_at_exactly_that_commit(machine: Machine, remote: Remote) -> None:
    """By itself ansible-pull looks for a playbook by the host's name, then for local.yml."""
    ran = machine.folder / "ran"
    commit = remote.commit({"site.yml": play(write(ran, "{{ slipway_commit }}")), "local.yml": play(FAIL)})
    # Its log names what is not there, its environment what would change what it does.
    code, message = machine.agent("run", ANSIBLE_CHECK_MODE="1", ANSIBLE_STDOUT_CALLBACK="nothing", LC_ALL="C")
    assert code == 0, message
    assert ran.read_text() == commit == git(machine.paths.checkout, "rev-parse", "HEAD")
    assert machine.state()["roles"] == {}


@long
def test_edits_and_leftovers_in_the_checkout_do_not_matter(machine: Machine, remote: Remote) -> None:
    """An edited file makes ansible-pull exit 2 for ever; one that git does not know takes part in the run."""
    ran = machine.folder / "ran"
    text = play(write(ran, "{{ word | default('none') }}"))
    remote.commit({"site.yml": text})
    machine.agent("run")
    (machine.paths.checkout / "site.yml").write_text("broken")
    (machine.paths.checkout / "group_vars").mkdir()
    (machine.paths.checkout / "group_vars" / "all.yml").write_text("word: leftover\n")
    (machine.paths.checkout / ".git" / "index.lock").touch()
    remote.commit({"site.yml": text, "new": "x"})
    code, message = machine.agent("run")
    assert code == 0, message
    assert ran.read_text() == "none"


@long
def test_a_handler_that_was_notified_before_a_failure_runs(machine: Machine, remote: Remote) -> None:
    """By itself it never would, not in later runs either: what notified it is then already done."""
    ran = machine.folder / "reloaded"
    handler = f"  handlers:\n    - {write(ran, 'x', 'Reload')}\n"
    change = write(machine.folder / "config", "x", more=", notify: Reload")
    remote.commit({"site.yml": play(change, FAIL, more=handler)})
    assert machine.agent("run")[0] == 1
    assert ran.exists()
    assert machine.state()["reason"] == "'Break': It is broken"


@long
def test_a_handler_that_a_kill_lost_runs_in_the_next_run(machine: Machine, remote: Remote) -> None:
    """The file is written by then, so nothing would notify it again; the role asks whether a run went through."""
    started, ran = machine.folder / "started", machine.folder / "reloaded"
    handler = f"  handlers:\n    - {write(ran, '{{ slipway_commit }}', 'Reload')}\n"
    change = write(machine.folder / "config", "x", more=", notify: Reload")
    again = "{name: Ask, debug: {}, changed_when: slipway_unfinished, notify: Reload}"
    wait = f"sh -c 'test -e {started} || (echo $$ > {started}; exec sleep 1000)'"
    commit = remote.commit({"site.yml": play(change, again, f'{{name: Wait, command: "{wait}"}}', more=handler)})
    process = machine.start("run")
    while not (started.exists() and started.read_text()):
        assert process.poll() is None
    process.kill()
    process.wait(timeout=60)
    child = int(started.read_text())
    assert is_running(child)
    code, message = machine.agent("now")
    assert code == 0, message
    assert not is_running(child)
    assert ran.read_text() == commit
    assert process.stdout
    process.stdout.close()


@long
def test_a_play_for_no_host_is_no_success(machine: Machine, remote: Remote) -> None:
    """By itself Ansible exits 0."""
    remote.commit({"site.yml": play(NOTHING, hosts="ops")})
    assert machine.agent("run")[0] == 1
    assert machine.state()["reason"] == "site.yml: no play is for this host, so nothing was done"


@long
def test_a_play_for_a_misspelt_group_is_no_success(machine: Machine, remote: Remote) -> None:
    """While one for a group that this host is not in is passed over."""
    remote.commit({"site.yml": play(NOTHING, hosts="api") + play(NOTHING, hosts="ops") + play(NOTHING, hosts="opps")})
    assert machine.agent("run")[0] == 1
    assert "is for the unknown group 'opps'; wanted one of api, ops" in machine.state()["reason"]


@long
def test_repositories_of_a_foreign_owner_are_no_obstacle(machine: Machine, remote: Remote) -> None:
    """`safe.directory` trips over an ownership change."""
    remote.commit({"site.yml": play(NOTHING)})
    (machine.folder / ".gitconfig").write_text(f"[safe]\n\tdirectory = {remote.url}\n")
    config = str(machine.folder / ".gitconfig")
    code, message = machine.agent(
        "run", GIT_TEST_ASSUME_DIFFERENT_OWNER="1", HOME=str(machine.folder), GIT_CONFIG_GLOBAL=config
    )
    assert code == 0, message


@long
def test_a_limited_run_reaches_all_of_a_role_and_what_is_always_run(machine: Machine, remote: Remote) -> None:
    ran = machine.folder
    roles = "  roles:\n    - {role: api, tags: api}\n    - {role: mlflow, tags: mlflow}\n"
    pre = "  pre_tasks:\n    - " + write(ran / "checked", "{{ slipway_commit }}", more="").replace("[test]", "[always]")
    tasks = {
        "roles/api/tasks/main.yml": "- {name: Include, ansible.builtin.include_tasks: more.yml}\n",
        "roles/api/tasks/more.yml": f"- {write(ran / 'api', '{{ slipway_commit }}')}\n".replace(", tags: [test]", ""),
        "roles/mlflow/tasks/main.yml": f"- {write(ran / 'mlflow', '{{ slipway_commit }}')}\n",
    }
    site = f"- name: Make the host\n  hosts: all\n  gather_facts: false\n{pre}\n{roles}"
    first = remote.commit(tasks | {"site.yml": site})
    code, message = machine.agent("run")
    assert code == 0, message
    assert set(machine.state()["roles"]) == {"api", "mlflow"}
    second = remote.commit({"release.yml": "image: x\n"})
    assert machine.agent("run")[0] == 0
    assert [(ran / name).read_text() for name in ("checked", "api", "mlflow")] == [second, second, first]


@long
def test_the_reason_is_what_failed(machine: Machine, remote: Remote) -> None:
    failing = {
        "ansible.builtin.command: sh -c 'echo oh no >&2; exit 3'": "'Break': non-zero return code: oh no",
        "ansible.builtin.command: sh -c 'echo hunter2; exit 3', no_log: true": "'Break': its output is hidden",
        "ansible.builtin.fail: {msg: 'not {{ item }}'}, loop: [a, b]": "'Break': not a",
        "ansible.builtin.debug: {msg: '{{ missing }}'}": "'Break': Task failed: ",
        "ansible.builtin.fail: {msg: 'the last'}": "'Break': the last",
    }
    rescued = [f"{{block: [{{name: Break, {task}}}], rescue: [{NOTHING}]}}" for task in list(failing)[:-1]]
    remote.commit({"site.yml": play(*rescued, f"{{name: Break, {list(failing)[-1]}}}")})
    assert machine.agent("run")[0] == 1
    events = report.read(machine.paths.report)
    reasons = [report.Report(failures=(each,)).failure() for each in events.failures]
    for reason, start in zip(reasons, failing.values(), strict=True):
        assert reason.startswith(start)
        assert "hunter2" not in reason
    assert machine.state()["reason"] == "'Break': the last"


@long
def test_the_reason_is_ansibles_where_it_did_not_come_to_a_task(machine: Machine, remote: Remote) -> None:
    remote.commit({"site.yml": play("{name: Break, nosuch.module: {}}")})
    assert machine.agent("run")[0] == 1
    reason = machine.state()["reason"]
    assert re.search(r"couldn't resolve module/action 'nosuch\.module'.* \(site\.yml:5:7\)$", reason), reason


@long
def test_a_run_that_is_stopped_ends_ansibles_workers_too(machine: Machine, remote: Remote) -> None:
    """They leave Ansible's process group, so that killing that would leave them behind."""
    running = machine.folder / "running"
    wait = f"sh -c 'echo $$ > {running}.new && mv {running}.new {running} && exec sleep 1000'"
    remote.commit({"site.yml": play(f'{{name: Wait, ansible.builtin.command: "{wait}"}}')})
    process = machine.start("run")
    assert process.stdout
    for line in process.stdout:
        if "TASK [Wait]" in line:
            break
    while not running.exists():
        assert process.poll() is None
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    assert not is_running(int(running.read_text()))
    assert machine.state()["reason"] == "stopped by SIGTERM"


def test_another_commit_than_was_asked_for_is_a_failure(machine: Machine, remote: Remote) -> None:
    """A host that is missing in its inventory keeps its old checkout for ever, and ansible-pull runs that."""
    first = remote.commit({"site.yml": "exit 0"})
    second = remote.commit({"site.yml": "exit 0", "new": "x"})
    machine.fake_ansible_pull()
    program = machine.folder / "bin" / "ansible-pull"
    program.write_text(program.read_text().replace('"--force", options.checkout', f'"--force", {first!r}'))
    assert machine.agent("run")[0] == 1
    assert machine.state()["reason"] == f"ansible-pull ran commit {first[:12]} instead of {second[:12]}"


def test_a_host_without_ansible_says_so(machine: Machine, remote: Remote) -> None:
    remote.commit({"site.yml": "x"})
    (machine.folder / "bin" / "git").symlink_to(shutil.which("git") or "")
    assert machine.agent("run", PATH=str(machine.folder / "bin"))[0] == 1
    assert machine.state()["reason"] == "ansible-pull is not installed on this host"


def test_ansible_is_called_for_this_host_and_this_commit() -> None:
    arguments = playbook.arguments(Paths(data=Path("/d")), "a" * 40, ("api", "mlflow"))
    assert arguments == [
        *("--url", "file:///d/repository.git", "--checkout", "a" * 40, "--directory", "/d/checkout", "--full"),
        *("--inventory", "/d/inventory.json", "--limit", "localhost", "--tags", "api,mlflow", "site.yml"),
    ]


def test_ansible_is_not_told_what_the_caller_was_told() -> None:
    caller = {
        "ANSIBLE_CHECK_MODE": "1",
        "PYTHONPATH": "/x",
        "GIT_DIR": "/x",
        "HTTPS_PROXY": "http://proxy",
        "LC_ALL": "C",
    }
    environment = playbook.environment(Paths(), caller)
    assert not {"ANSIBLE_CHECK_MODE", "PYTHONPATH", "GIT_DIR"} & set(environment)
    assert environment["HTTPS_PROXY"] == "http://proxy"
    # Ansible refuses to start where the locale is not UTF-8.
    assert environment["LC_ALL"] == "C.UTF-8"
