from pathlib import Path

import pytest

from bench.serving import __main__ as serving
from bench.serving import wrk


def test_help_names_every_option(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        serving.main(["--help"])
    assert ended.value.code == 0
    told = capsys.readouterr().out
    assert all(option in told for option in ("--bundle", "--data", "--seconds", "--rounds", "--starts", "--only"))


def test_what_cannot_be_measured_exits_with_2_and_says_why(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wrk, "require", lambda: "wrk")
    assert serving.main(["--bundle", str(tmp_path)]) == 2
    captured = capsys.readouterr()
    assert "MLmodel: no such file" in captured.err
    assert captured.out == ""
