"""The summary of pytest's JUnit files: how many tests passed, which were slow, what was skipped and why."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

SLOWEST = 10


@dataclass(frozen=True)
class Case:
    """One test. `name` is `package.module::test`; `seconds` include set-up and tear-down of its fixtures."""

    name: str
    seconds: float
    outcome: str
    reason: str = ""

    @property
    def package(self) -> str:
        """The folder of tests/ that it is in."""
        return self.name.partition(".")[0]


def read(file: Path) -> list[Case]:
    """Return the tests of a JUnit file, none if pytest was stopped before it wrote the file."""
    if not file.exists():
        return []
    return [_case(element) for element in ElementTree.parse(file).iter("testcase")]  # noqa: S314 - pytest wrote it


def _case(element: ElementTree.Element) -> Case:
    name = f"{element.get('classname', '').removeprefix('tests.')}::{element.get('name')}"
    found = next((child for child in element if child.tag in ("failure", "error", "skipped")), None)
    outcome, reason = ("passed", "") if found is None else (found.tag, found.get("message", ""))
    return Case(name, float(element.get("time", 0)), outcome, reason)


def lines(cases: list[Case]) -> list[str]:
    """Return the lines of the summary."""
    counts = Counter(case.outcome for case in cases)
    skipped = Counter(case.reason for case in cases if case.outcome == "skipped")
    slowest = sorted(cases, key=lambda case: -case.seconds)[:SLOWEST]
    packages: Counter[str] = Counter()
    for case in cases:
        packages[case.package] += round(case.seconds)
    return [
        "the slowest tests, with their fixtures:",
        *(f"{case.seconds:7.1f} s  {case.name}" for case in slowest),
        "time per package: " + ", ".join(f"{package} {seconds} s" for package, seconds in packages.most_common()),
        *(f"skipped {count}: {reason}" for reason, count in skipped.items()),
        "tests: " + ", ".join(f"{count} {outcome}" for outcome, count in counts.most_common()),
    ]
