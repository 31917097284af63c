"""The Makefile: `make` lists every target, and what recipes call exists."""

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MAKEFILE = (ROOT / "Makefile").read_text()


def make(environment: dict[str, str], *arguments: str) -> str:
    done = subprocess.run(
        ["make", *arguments], cwd=ROOT, env=environment, check=True, stdout=subprocess.PIPE, text=True
    )
    return done.stdout


def test_plain_make_lists_every_target_with_a_line_about_it(environment: dict[str, str]) -> None:
    listed = set(re.findall(r"^  make ([a-z-]+) +\S", make(environment), re.MULTILINE))
    targets = set(re.findall(r"^([a-z-]+):", MAKEFILE, re.MULTILINE))
    phony = set(re.findall(r"^\.PHONY: (.*)$", MAKEFILE, re.MULTILINE)[0].split())
    assert listed == targets == phony


def test_what_recipes_call_is_there() -> None:
    for path in re.findall(r"\b(?:tools|\.ci)/[a-z_.]+\b", MAKEFILE):
        assert (ROOT / path).exists(), path
    modules = set(re.findall(r"(?:python|PYTHON_ALONE\)) -m ([a-z_.]+)", MAKEFILE)) - {"pytest"}
    assert "tools.check" in modules
    for module in modules:
        path = ROOT / module.replace(".", "/")
        assert path.with_suffix(".py").exists() or (path / "__main__.py").exists(), module


def test_make_and_the_documents_name_only_targets_that_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):", MAKEFILE, re.MULTILINE))
    for path in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), *sorted((ROOT / "tools").glob("*.py"))]:
        for line in re.findall(r"`make ([a-z][a-z -]*)", path.read_text()):
            assert set(line.split()) <= targets, f"{path.name}: make {line}"


def test_ci_runs_what_a_person_runs() -> None:
    lines = [line for line in (ROOT / ".ci" / "run").read_text().splitlines() if line and not line.startswith("#")]
    assert lines[-1] == "exec make test"


def test_python_versions_are_those_of_pyproject() -> None:
    (low, high) = re.findall(r'requires-python = ">=3\.(\d+),<3\.(\d+)"', (ROOT / "pyproject.toml").read_text())[0]
    chooser = (ROOT / "tools" / "python.sh").read_text()
    assert f"(3, {low}) <= sys.version_info[:2] <= (3, {int(high) - 1})" in chooser
    newest_first = " ".join(f"python3.{minor}" for minor in range(int(high) - 1, int(low) - 1, -1))
    assert f"{newest_first} python3;" in chooser
