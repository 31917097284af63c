"""docs/architecture.md: what it names is there, and what may import what is as its table says."""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
RULE = re.compile(r"^\| `([\w.]+)` \|([^|]*)\|([^|]*)\|$", re.MULTILINE)
NAME = re.compile(r"`([\w.]+)`")
TABLE = (ROOT / "docs" / "architecture.md").read_text()
RULES = {name: NAME.findall(allowed) for name, allowed, _ in RULE.findall(TABLE)}
STANDARD_LIBRARY_ONLY = [name for name, _, others in RULE.findall(TABLE) if others.strip() == "standard library only"]
# The page says that it is still to come.
LATER = {"monitoring/rules/"}
WITHIN_A_ROLE = {"meta/argument_specs.yml", "vars/main.yml"}
PACKAGES = sorted({path.relative_to(ROOT).parts[0] for path in ROOT.glob("*/**/*.py")} - {"var", "dist"})
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for package in PACKAGES
    for path in (ROOT / package).rglob("*.py")
}


def within(module: str, name: str) -> bool:
    """Return whether a module is the one of this name, or in the package of this name."""
    return f"{module}.".startswith(f"{name}.")


def rule(module: str) -> str:
    """Return the name of the rule for a module: the longest that it is within."""
    return max((name for name in RULES if within(module, name)), key=len, default="")


def imported(path: Path) -> Iterator[str]:
    """Yield the full names that a file imports."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            if node.level:
                # On a host these folders have other names.
                under = {"plugins", "roles"}
                assert path.relative_to(ROOT).parts[0] in under, f"{path}: an import by a relative name"
                continue
            for alias in node.names:
                full = f"{node.module}.{alias.name}"
                yield full if full in MODULES else str(node.module)


def allowed(imported_name: str, name: str) -> bool:
    """Return whether the rule of this name allows an import."""
    return any(within(imported_name, prefix) for prefix in RULES[name])


def ours(module: str) -> set[str]:
    """Return what a module imports of ours that is not under its own rule."""
    names = {name for name in imported(MODULES[module]) if name.split(".")[0] in PACKAGES}
    return {name for name in names if rule(name) != rule(module)}


@pytest.mark.parametrize("package", [package for package in PACKAGES if package != "tests"])
def test_every_package_has_a_rule(package: str) -> None:
    assert package in RULES


@pytest.mark.parametrize("name", RULES)
def test_a_module_imports_only_what_its_rule_allows(name: str) -> None:
    found = {module: sorted(ours(module)) for module in MODULES if rule(module) == name}
    assert {module: names for module, names in found.items() if not all(allowed(each, name) for each in names)} == {}


@pytest.mark.parametrize("name", RULES)
def test_no_rule_allows_what_nobody_imports(name: str) -> None:
    used = {found for module in MODULES if rule(module) == name for found in ours(module)}
    assert not [prefix for prefix in RULES[name] if not any(within(found, prefix) for found in used)]


@pytest.mark.parametrize("name", STANDARD_LIBRARY_ONLY)
def test_what_runs_on_a_bare_host_needs_only_the_standard_library(name: str) -> None:
    found = {each.split(".")[0] for module in MODULES if rule(module) == name for each in imported(MODULES[module])}
    assert not found - sys.stdlib_module_names - set(PACKAGES)


def changes_the_path(node: ast.AST) -> bool:
    """Return whether a piece of code adds to the folders where Python looks for modules."""
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
        return False
    where = ast.unparse(node.func.value)
    return where == "sys.path" or where.endswith("__path__")


def test_no_module_changes_where_python_looks_for_modules() -> None:
    """Everything is imported by its full name from the repository's root, or not at all."""
    found = {
        module: [ast.unparse(node) for node in ast.walk(ast.parse(path.read_text())) if changes_the_path(node)]
        for module, path in MODULES.items()
    }
    assert {module: lines for module, lines in found.items() if lines} == {}


def test_every_file_that_the_page_names_is_there() -> None:
    named = set(re.findall(r"`([a-z_]+/[\w./-]*)`", TABLE)) - WITHIN_A_ROLE - LATER
    assert {name for name in named if not (ROOT / name).exists()} == set()
