"""What makes virtual environments and images runs before any package is installed."""

import subprocess
import sys

from workstation.paths import ROOT

# They run before any package is installed.
BARE = ("containers", "workstation")
BARE_TOOLS = ("tools.environment", "tools.go_tool", "tools.images")


def modules(package: str) -> list[str]:
    paths = (path for path in (ROOT / package).rglob("*.py") if path.name != "__init__.py")
    return [".".join(path.relative_to(ROOT).with_suffix("").parts) for path in paths]


def test_they_need_the_standard_library_alone() -> None:
    names = [*(name for package in BARE for name in modules(package)), *BARE_TOOLS]
    # -S: without the packages of any environment.
    command = [sys.executable, "-S", "-c", "; ".join(f"import {name}" for name in names)]
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
