"""environments/plugins/check_settings.py, in Ansible, as site.yml uses it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PLAYBOOK = """\
- name: Check and read the settings
  hosts: localhost
  gather_facts: false
  tasks:
    - name: Refuse settings that nobody reads, and values of the wrong kind
      check_settings:
        environment: "{{ wanted }}"
    - name: Read the settings
      ansible.builtin.include_vars: "environments/{{ item }}.yml"
      loop: [base, "{{ wanted }}"]
    - name: Read the release
      ansible.builtin.include_vars: {file: release.yml, name: release}
    - name: Say what was read
      ansible.builtin.debug: {msg: "{{ domain }} {{ api_workers }} released={{ release }}"}
"""
pytestmark = pytest.mark.slow


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "environments", tmp_path / "environments")
    shutil.copy(ROOT / "release.yml", tmp_path)
    (tmp_path / "site.yml").write_text(PLAYBOOK)
    (tmp_path / "ansible.cfg").write_text("[defaults]\naction_plugins = environments/plugins\n")
    return tmp_path


def run(repository: Path, environment: str, *options: str) -> tuple[int, str]:
    command = [Path(sys.executable).parent / "ansible-playbook", "-e", f"wanted={environment}", *options, "site.yml"]
    quiet = {"ANSIBLE_LOCALHOST_WARNING": "false", "LC_ALL": "C.UTF-8", "ANSIBLE_HOME": str(repository / "home")}
    done = subprocess.run(command, cwd=repository, env=os.environ | quiet, check=False, capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def test_settings_that_are_right_are_read_also_in_check_mode(repository: Path) -> None:
    code, said = run(repository, "staging", "--check")
    assert code == 0, said
    assert "staging.slipway.example.com 2 released={}" in said


def test_settings_that_are_wrong_end_the_run_with_a_sentence(repository: Path) -> None:
    (repository / "environments" / "prod.yml").write_text("api_wokers: 4\ntls: none\n")
    code, said = run(repository, "prod")
    assert code == 2
    wrong = "api_wokers=4: no such key, the nearest is 'api_workers'; environments/prod.yml: tls='none': wanted one of"
    assert wrong in said
    assert "Read the settings" not in said
