"""Write the locks in requirements/ from pyproject.toml: `make lock`, or `make lock ARGS=--upgrade`."""

import argparse
import subprocess

from workstation import terminal
from workstation.paths import ROOT
from workstation.terminal import log

LOCKS = ROOT / "requirements"
# scikit-learn-intelex asks for scikit-learn; serving uses its extension module alone, which does not need it.
LEFT_OUT_OF_API = ("scikit-learn",)


def write(name: str, *options: str) -> None:
    """Write one lock, for every Python and platform that pyproject.toml allows."""
    log(f"locking {name} ...")
    command = ["uv", "pip", "compile", "pyproject.toml", "--extra", name, "--output-file", f"requirements/{name}.txt"]
    command += ["--quiet", "--universal", "--generate-hashes", "--annotation-style", "line"]
    # Each computer's own configuration says where packages come from: a lock has no index or find-links line.
    command += ["--no-emit-index-url", "--no-emit-find-links", "--custom-compile-command", "make lock"]
    subprocess.run([*command, *options], check=True, cwd=ROOT)


def parsed(arguments: tuple[str, ...]) -> list[str]:
    """Return the options for uv. Raises SystemExit for an unknown one."""
    parser = argparse.ArgumentParser(
        "make lock", allow_abbrev=False, description="Write the locks in requirements/ from pyproject.toml."
    )
    parser.add_argument("--upgrade", action="store_true", help="take the newest versions instead of those in the locks")
    parser.add_argument(
        "--upgrade-package", action="append", default=[], metavar="NAME", help="the same for one package"
    )
    options = parser.parse_args(arguments)
    packages = [f"--upgrade-package={name}" for name in options.upgrade_package]
    return (["--upgrade"] if options.upgrade else []) + packages


def main(*arguments: str) -> None:
    """Lock dev first; the other locks are parts of it, with the same versions."""
    options = parsed(arguments)
    excluded = LOCKS / "api.excluded.txt"
    write("dev", *options)
    write("mlops", "--constraints", "requirements/dev.txt")
    excluded.write_text("\n".join(LEFT_OUT_OF_API))
    try:
        write("api", "--constraints", "requirements/dev.txt", "--excludes", str(excluded))
    finally:
        excluded.unlink()


if __name__ == "__main__":
    terminal.run(main)
