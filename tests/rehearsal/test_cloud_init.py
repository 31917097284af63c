"""rehearsal/cloud_init.py: bootstrap/user-data.yml is a template for cloud-init here and for Terraform."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import yaml

from agent import host
from agent.paths import Paths
from containers.scenarios import playbook
from rehearsal import cloud_init
from rehearsal.checkout import BRANCH, ENVIRONMENT, Checkout
from workstation.paths import ROOT

TEMPLATE = (ROOT / cloud_init.TEMPLATE).read_text()


def written(checkout: Checkout) -> dict[str, Any]:
    cloud_init.write(checkout, "a-host")
    document: dict[str, Any] = yaml.safe_load((checkout.cloud_init / "user-data").read_text())
    return document


def rendered() -> dict[str, Any]:
    about: dict[str, object] = {
        "environment": "dev",
        "groups": ["api"],
        "repository": "git://a/b.git",
        "branch": "main",
    }
    document: dict[str, Any] = yaml.safe_load(cloud_init.user_data(ROOT, about))
    return document


def file(document: dict[str, Any], path: str) -> str:
    return next(str(each["content"]) for each in document["write_files"] if each["path"] == path)


def test_the_agent_reads_what_the_bootstrap_writes(tmp_path: Path) -> None:
    (tmp_path / "host.json").write_text(file(rendered(), "/etc/slipway/host.json"))
    assert host.read(Paths(config=tmp_path)).as_json() | {"name": ""} == {
        "environment": "dev",
        "groups": ["api"],
        "repository": "git://a/b.git",
        "branch": "main",
        "name": "",
        "vault": "",
    }


def test_the_script_is_one_that_a_shell_takes() -> None:
    script = file(rendered(), "/usr/local/sbin/slipway-bootstrap")
    subprocess.run(["sh", "-n"], input=script, check=True, text=True)
    assert "--branch 'main' 'git://a/b.git'" in script


def test_the_first_run_has_the_rights_of_the_agents_unit(tmp_path: Path) -> None:
    """Like Molecule's runs: both read the unit's template."""
    script = file(rendered(), "/usr/local/sbin/slipway-bootstrap")
    start = script.partition("      {\n")[2] or script.partition("{\n")[2]
    (tmp_path / "bootstrap").symlink_to(ROOT)
    words = "{\n" + start.partition("} | xargs")[0] + "}\n"
    output = subprocess.run(
        ["sh", "-eu"], input=words, check=True, text=True, cwd=tmp_path, stdout=subprocess.PIPE
    ).stdout
    *options, folder, _, _, _, _, _ = output.splitlines()
    assert options == playbook.sandbox()
    # If a property comes twice, systemd-run only uses the last.
    names = [option.split("=")[1] for option in options]
    assert sorted(set(names)) == sorted(names)
    assert "--property=NoNewPrivileges=true" in options
    assert not [each for each in options if "{{" in each or "Type=" in each]
    assert folder == "--working-directory=/var/lib/slipway/bootstrap"


def test_nothing_in_it_means_something_else_to_terraform() -> None:
    assert TEMPLATE.startswith("#cloud-config\n")
    assert set(re.findall(r"\$\{(\w+)\}", TEMPLATE)) == {"host", "repository", "branch"}
    assert "%{" not in TEMPLATE
    assert re.sub(r"\$\{\w+\}", "", TEMPLATE).count("$") == 0


def test_what_it_starts_is_what_it_writes() -> None:
    document = rendered()
    assert "ExecStart=/usr/local/sbin/slipway-bootstrap\n" in file(
        document, "/etc/systemd/system/slipway-bootstrap.service"
    )
    assert any("slipway-bootstrap.service" in command for command in document["runcmd"])


def test_the_rehearsed_host_is_both_and_follows_the_local_branch(checkout: Checkout) -> None:
    (checkout.root / "bootstrap").mkdir()
    (checkout.root / cloud_init.TEMPLATE).write_text(TEMPLATE)
    about = json.loads(file(written(checkout), "/etc/slipway/host.json"))
    assert about["groups"] == ["api", "ops"]
    assert (about["environment"], about["branch"]) == (ENVIRONMENT, BRANCH)
    assert yaml.safe_load((ROOT / "environments" / f"{ENVIRONMENT}.yml").read_text())["branch"] == BRANCH
