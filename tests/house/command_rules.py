"""What makes a documented command valid, without running it: one rule for each program."""

import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from urllib.parse import urlsplit

from tests.house.documents import ROOT
from training import settings

MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
ASSIGNMENT = re.compile(r"([A-Za-z_]+)=(.*)", re.DOTALL)


@cache
def help_of(*program: str) -> str:
    """Return what the program prints for --help, which has to end well."""
    done = subprocess.run([sys.executable, *program, "--help"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(program)} --help: {done.stderr}"
    return done.stdout


def require_options(words: list[str], *program: str) -> None:
    """Each word that is an option is one that the program's --help names."""
    for word in words:
        if word.startswith("-"):
            option = word.partition("=")[0]
            assert re.search(rf"(?<![\w-]){re.escape(option)}(?![\w-])", help_of(*program)), f"{option}: no such option"


def check_make(words: list[str]) -> None:
    """The targets exist, the Makefile knows the variables, and the program behind the target knows the ARGS."""
    targets = [word for word in words if "=" not in word]
    for target in targets:
        assert re.search(rf"^{target}:", MAKEFILE, re.MULTILINE), f"{target}: no such target"
    for found in filter(None, map(ASSIGNMENT.fullmatch, words)):
        assert re.search(rf"\b{found[1]}\b", MAKEFILE), f"{found[1]}: the Makefile does not know it"
        if found[1] == "ARGS" and found[2] != "...":
            check_python([*program_of(targets[0]), *shlex.split(found[2])])


def program_of(target: str) -> list[str]:
    """Return the program that the target's recipe passes ARGS to."""
    (recipe,) = re.findall(rf"^{target}:.*\n((?:\t.*\n)+)", MAKEFILE, re.MULTILINE)
    before, arguments, _ = recipe.partition("$(ARGS)")
    assert arguments, f"{target}: its recipe takes no ARGS"
    found: list[str] = re.findall(r"python ((?:-m )?[\w./]+)", before)
    return found[-1].split()


def check_python(words: list[str]) -> None:
    """The module or the script exists, and knows the arguments."""
    size = 2 if words[0] == "-m" else 1
    program, arguments = words[:size], words[size:]
    name = program[-1].removesuffix(".py").replace("/", ".")
    path = ROOT / name.replace(".", "/")
    if "<" in name:  # stands for any of them
        return
    assert path.with_suffix(".py").is_file() or (path / "__main__.py").is_file() or find_spec(name), f"no {name}"
    ARGUMENTS.get(name, require_options)(arguments, *program)


def check_training(arguments: list[str], *program: str) -> None:
    """The options are known, and so is each key=value."""
    require_options(arguments, *program)
    settings.load(None, [word for word in arguments if ASSIGNMENT.fullmatch(word)], {})


def check_pytest(arguments: list[str], *_: str) -> None:
    """The options are pytest's, and the folders of tests exist."""
    require_options(arguments, "-m", "pytest")
    for word in arguments:
        assert not word.startswith("tests/") or (ROOT / word).exists(), f"no {word}"


def check_suite(arguments: list[str], *_: str) -> None:
    """`--only` names a folder of tests/; the rest is pytest's."""
    if arguments[0] == "--only":
        assert (ROOT / "tests" / arguments[1]).is_dir(), f"no tests/{arguments[1]}"
        arguments = arguments[2:]
    check_pytest(arguments)


def check_subcommand(arguments: list[str], *program: str) -> None:
    """The program has the subcommand, which knows the options."""
    require_options(arguments[1:], *program, arguments[0])
    help_of(*program, arguments[0])


def check_agent(words: list[str]) -> None:
    """`slipway-pull` is `python -m agent`."""
    check_subcommand(words, "-m", "agent")


def check_curl(words: list[str]) -> None:
    """The path is a route that docs/api.md lists, or the gateway's own; tests/app holds the list to the server."""
    path = urlsplit(next(word for word in words if "://" in word)).path
    if path == "/metrics/gateway":
        assert path in (ROOT / "roles" / "gateway" / "templates" / "metrics.cfg.j2").read_text(encoding="utf-8")
        return
    table = (ROOT / "docs" / "api.md").read_text(encoding="utf-8").partition("\n## ")[0]
    routes = [re.sub(r"{\w+}", "[^/]+", route) for route in re.findall(r"(?<=[`\s])/[\w./{}]*", table)]
    assert any(re.fullmatch(route, path) for route in routes), f"{path}: no such route"


def check_docker(words: list[str]) -> None:
    """A program in an image is a module of ours, and so is each variable that is not MLflow's."""
    assert words[0] in ("build", "run"), words[0]
    if "python" in words:
        # Without -P, which keeps the working folder off the path, and without the program's own arguments.
        program = [word for word in words[words.index("python") + 1 :] if word != "-P"]
        check_python(program[:2])
    for option, value in pairwise(words):
        if option == "--env" and not value.startswith("MLFLOW_"):
            require_mentioned(value.partition("=")[0], "images")


def check_git(words: list[str]) -> None:
    """The repository is the one of the rehearsal."""
    folder = Path(words[0].removeprefix("--git-dir="))
    require_mentioned(folder.name, "rehearsal")


def check_source(words: list[str]) -> None:
    """The file with variables is one that the rehearsal writes."""
    require_mentioned(Path(words[0]).name, "rehearsal")


def check_export(words: list[str]) -> None:
    """Every word sets a variable that our code or MLflow reads."""
    for word in words:
        found = ASSIGNMENT.fullmatch(word)
        assert found, word
        require_mentioned(found[1], "rehearsal")


def require_mentioned(name: str, folder: str) -> None:
    """A Python file in the folder has the name in it."""
    files = (ROOT / folder).rglob("*.py")
    assert any(name in file.read_text(encoding="utf-8") for file in files), f"{name}: {folder}/ does not know it"


def check_nothing(_: list[str]) -> None:
    """The shell's own: `set -a` and the text that `printf` prints."""


ARGUMENTS: dict[str, Callable[..., None]] = {
    "pytest": check_pytest,
    "rehearsal": check_subcommand,
    "tools.check": check_suite,
    "training": check_training,
}
RULES: dict[str, Callable[[list[str]], None]] = {
    ".": check_source,
    "curl": check_curl,
    "docker": check_docker,
    "export": check_export,
    "git": check_git,
    "make": check_make,
    "printf": check_nothing,
    "python": check_python,
    "set": check_nothing,
    "slipway-pull": check_agent,
}
