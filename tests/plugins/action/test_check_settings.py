"""plugins/action/check_settings.py, in Ansible, as site.yml uses it."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PLAYBOOK = """\
- name: Check and read the settings
  hosts: localhost
  gather_facts: false
  tasks:
    - name: Read the settings
      check_settings:
        environment: "{{ wanted }}"
    - name: Say what was read
      ansible.builtin.debug: {msg: "{{ domain }} {{ api_workers }} released={{ release }}"}
    - name: Use them as roles do
      ansible.builtin.debug: {msg: "options {{ options }}"}
      vars:
        options: ["--env={{ api_mlflow_url }}", "{{ release.image | default('') }}"]
"""
pytestmark = pytest.mark.long


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    for folder in ("environments", "plugins"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    shutil.copy(ROOT / "release.yml", tmp_path)
    (tmp_path / "site.yml").write_text(PLAYBOOK)
    (tmp_path / "ansible.cfg").write_text("[defaults]\naction_plugins = plugins/action\ninject_facts_as_vars = true\n")
    return tmp_path


def run(repository: Path, environment: str, *options: str) -> tuple[int, str]:
    command = [
        str(Path(sys.executable).parent / "ansible-playbook"),
        "-e",
        f"wanted={environment}",
        *options,
        "site.yml",
    ]
    quiet = {"ANSIBLE_LOCALHOST_WARNING": "false", "LC_ALL": "C.UTF-8", "ANSIBLE_HOME": str(repository / "home")}
    done = subprocess.run(command, cwd=repository, env=os.environ | quiet, check=False, capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def test_settings_that_are_right_are_read_also_in_check_mode(repository: Path) -> None:
    code, output = run(repository, "staging", "--check")
    assert code == 0, output
    assert "staging.slipway.example.com 2 released={}" in output


def test_settings_that_are_wrong_end_the_run_with_a_sentence(repository: Path) -> None:
    (repository / "environments" / "prod.yml").write_text("api_wokers: 4\ntls: none\n")
    code, output = run(repository, "prod")
    assert code == 2
    wrong = "api_wokers=4: no such key, the nearest is 'api_workers'; environments/prod.yml: tls='none': wanted one of"
    assert wrong in output
    assert "Say what was read" not in output


def test_a_template_is_refused_before_anything_runs(repository: Path) -> None:
    uri = f"file:///{{{{ lookup('pipe', 'touch {repository}/ran') }}}}"
    models = {"california": {"uri": uri, "sha256": "b" * 64}}
    release = {"image": f"r/i@sha256:{'a' * 64}", "default_model": "california", "models": models}
    (repository / "release.yml").write_text(json.dumps(release))
    code, output = run(repository, "prod")
    assert code == 2
    assert "release.yml: models.california.uri: contains a template marker" in output
    assert not (repository / "ran").exists()


def test_no_value_is_rendered_even_where_the_schema_lets_it_pass(repository: Path) -> None:
    with (repository / "environments" / "schema.py").open("a") as schema:
        schema.write("\n\ndef problems(folder, environment):\n    return []\n")
    template = f"{{{{ lookup('pipe', 'touch {repository}/ran') }}}}"
    (repository / "release.yml").write_text(json.dumps({"image": template}))
    (repository / "environments" / "prod.yml").write_text(json.dumps({"domain": template, "api_mlflow_url": template}))
    code, output = run(repository, "prod")
    assert code == 0, output
    assert not (repository / "ran").exists()
    # The domain, the release, the two options.
    assert output.count("lookup('pipe'") == 4
