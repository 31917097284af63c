"""The code blocks of the documentation, and the command lines in them."""

import re
import shlex
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# An indented block and a fence without a language are commands too: what is not names its language.
SHELL = ("", "sh")
FENCED = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SEPARATORS = (";", "&&", "|")


@dataclass(frozen=True)
class Block:
    """The lines of a code block; `line` is the number of the first one in the document."""

    document: str
    line: int
    language: str
    text: str


@dataclass(frozen=True)
class Command:
    """A command line as a person would paste it, which may extend over several lines."""

    document: str
    line: int
    text: str

    @property
    def where(self) -> str:
        return f"{self.document}:{self.line}"

    def parts(self) -> list[list[str]]:
        """The words of each simple command, without the separators between them and without comments."""
        lexer = shlex.shlex(self.text, posix=True, punctuation_chars=";&|")
        lexer.whitespace_split = True
        parts: list[list[str]] = [[]]
        for word in lexer:
            if word in SEPARATORS:
                parts.append([])
            else:
                parts[-1].append(word)
        return [part for part in parts if part]


def blocks(document: str) -> Iterator[Block]:
    """Yield every fenced block of a document, then every indented one."""
    text = (ROOT / document).read_text(encoding="utf-8")
    for fenced in FENCED.finditer(text):
        yield Block(document, text.count("\n", 0, fenced.start(2)) + 1, fenced[1], fenced[2])
    # Blank lines in place of the fenced ones keep the numbers of the lines below.
    rest = FENCED.sub(lambda fenced: "\n" * fenced[0].count("\n"), text)
    for indented in re.finditer(r"(?<=\n\n)(?: {4}.*\n)+", rest):
        yield Block(document, rest.count("\n", 0, indented.start()) + 1, "", textwrap.dedent(indented[0]))


def commands(block: Block) -> Iterator[Command]:
    """Yield the command lines of a block, joining those that a quote or a backslash continues."""
    if block.language not in SHELL:
        return
    text, start = "", block.line
    for number, line in enumerate(block.text.splitlines(), start=block.line):
        # `slipway-pull` is listed with what each command does, after two blanks or more.
        shown = re.split(r"\s{2,}", line)[0] if line.startswith("slipway-pull") else line
        text, start = (f"{text}\n{shown}", start) if text else (shown, number)
        if _is_complete(text):
            if shlex.split(text, comments=True):
                yield Command(block.document, start, text.replace("\\\n", ""))
            text = ""
    if text:
        raise AssertionError(f"{block.document}:{start}: a quote or a backslash continues no line: {text}")


def _is_complete(text: str) -> bool:
    if text.endswith("\\"):
        return False
    try:
        shlex.split(text, comments=True)
    except ValueError:  # a quote that is still open
        return False
    return True


def documents() -> list[str]:
    """README.md and every page of docs/."""
    return ["README.md", *sorted(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md"))]


def all_commands() -> list[Command]:
    """Every command line of the documentation."""
    return [command for document in documents() for block in blocks(document) for command in commands(block)]


def inline_commands() -> list[Command]:
    """The commands that a sentence names in backticks: `make ...`, `slipway-pull ...`, `python -m ...`."""
    found = []
    for document in documents():
        text = (ROOT / document).read_text(encoding="utf-8")
        for match in re.finditer(r"(?<!`)`((?:make|slipway-pull|python -m) [^`]+)`(?!`)", text):
            line = text.count("\n", 0, match.start()) + 1
            found.append(Command(document, line, " ".join(match[1].split())))
    return found
