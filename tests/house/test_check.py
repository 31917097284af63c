"""tools/check.py: what `make test` takes, and what it does with the exit codes of pytest."""

import check
import pytest
from common import ROOT


def test_the_packages_are_the_folders_of_the_tests() -> None:
    assert {"agent", "app", "house", "rehearsal", "roles", "training"} <= set(check.packages())


def test_only_one_package_is_checked_where_one_is_named() -> None:
    assert check.parsed(["--only", "agent", "-x"]) == ("agent", ["-x", str(ROOT / "tests" / "agent")])
    assert check.parsed(["-k", "drain"]) == ("", ["-k", "drain"])


def test_an_unknown_package_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(SystemExit, match=r"--only 'agnet': no such package, wanted one of agent, app, .*training"):
        check.parsed(["--only", "agnet"])


@pytest.mark.parametrize(
    ("codes", "wanted"),
    [([0, 0], 0), ([0, 5], 0), ([5, 0], 0), ([5, 5], 5), ([1, 0], 1), ([0, 2], 2), ([1, 5], 1)],
)
def test_a_part_without_tests_is_no_failure_but_two_are(
    codes: list[int], wanted: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = iter(codes)
    monkeypatch.setattr(check, "pytest", lambda _: next(left))
    assert check.test([], {}) == wanted
