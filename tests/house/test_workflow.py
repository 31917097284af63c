"""Workflows run what a person runs, with the least rights."""

import os
import re
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


@pytest.fixture(params=WORKFLOWS, ids=lambda path: path.name)
def workflow(request: pytest.FixtureRequest) -> Path:
    path: Path = request.param
    return path


def test_no_right_is_given_to_all_jobs(workflow: Path) -> None:
    assert yaml.safe_load(workflow.read_text())["permissions"] == {}


def test_actions_are_pinned_by_their_full_sha_with_the_version_beside_it(workflow: Path) -> None:
    for line in re.findall(r"uses: (.*)", workflow.read_text()):
        assert re.fullmatch(r"[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line), line


def test_jobs_call_make_and_nothing_else(workflow: Path) -> None:
    for name, job in yaml.safe_load(workflow.read_text())["jobs"].items():
        for step in job["steps"]:
            if "run" in step:
                command = re.fullmatch(r"(?:sudo )?make ([a-z-]+)", step["run"])
                assert command, f"{name}: {step['run']}"
                assert command[1] in TARGETS, f"{name}: {step['run']}"


@pytest.mark.slow
@pytest.mark.skipif("ACT" in os.environ, reason="act runs this already")
def test_act_runs_the_job_lint_on_this_machine(clone: Path, environment: dict[str, str]) -> None:
    path = [str(ROOT / "tools" / "python.sh")]
    python = subprocess.run(path, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
    tool = [python, "-m", "tools.go_tool", "act"]
    act = subprocess.run(tool, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
    command = [act, "pull_request", "--job", "lint", "--platform", "ubuntu-24.04=-self-hosted"]
    done = subprocess.run(command, cwd=clone, env=environment, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Success - Main make lint" in done.stdout
