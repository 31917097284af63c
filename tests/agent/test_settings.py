"""agent/settings.py"""

from pathlib import Path

import pytest

from agent import settings
from agent.paths import Paths


def read(folder: Path, text: str) -> settings.Settings:
    (folder / "pull.json").write_text(text)
    return settings.read(Paths(folder, folder))


def test_a_host_that_never_converged_goes_by_the_defaults(tmp_path: Path) -> None:
    assert settings.read(Paths(tmp_path, tmp_path)) == settings.Settings()


def test_what_is_given_counts(tmp_path: Path) -> None:
    assert read(tmp_path, '{"run_limit_seconds": 60}') == settings.Settings(run_limit_seconds=60)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('"run_limit": 60', "run_limit: no such key, the nearest is 'run_limit_seconds'; ignored"),
        ('"run_limit_seconds": "60"', "wanted a whole number of 0 or more; the default is used"),
        ('"run_limit_seconds": 0', "run_limit_seconds=0: wanted 1 or more; the default is used"),
        ("torn", "is not JSON"),
    ],
)
def test_what_cannot_be_used_is_named_and_ends_nothing(
    tmp_path: Path, text: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The commit that mends it comes by the agent."""
    settings_ = read(tmp_path, f'{{"retry_first_seconds": 5, {text}}}')
    assert settings_.run_limit_seconds == 1800
    assert settings_.retry_first_seconds == (60 if text == "torn" else 5)
    assert message in capsys.readouterr().err
