"""agent/report.py"""

import json
from pathlib import Path
from typing import Any

import pytest

from agent.report import Report, complaint, read

PLAY = {"play": "Everything", "pattern": "all"}
TASK = {"task": "Check the pin", "role": "api"}


def failure(task: str = "Check the pin", role: str = "api", handler: bool = False, **result: Any) -> dict[str, Any]:
    return {"failed": task, "role": role, "handler": handler, "result": result}


def written(path: Path, *events: dict[str, Any]) -> Report:
    (path / "report").write_text("".join(json.dumps(event) + "\n" for event in events))
    return read(path / "report")


def test_a_run_in_which_ansible_did_not_start_tells_nothing(tmp_path: Path) -> None:
    assert read(tmp_path / "report") == Report()
    assert Report().failure() == Report().task() == ""


def test_events_are_read_in_their_order(tmp_path: Path) -> None:
    report = written(
        tmp_path, PLAY, TASK, {"play": "Ops", "pattern": "ops"}, {"unmatched": True}, {"roles": {"api": 2}}
    )
    assert [play.get("unmatched", False) for play in report.plays] == [False, True]
    assert report.task() == "role api, 'Check the pin'"
    assert report.roles == {"api": 2}


def test_a_line_that_a_full_disk_tore_does_not_spoil_the_others(tmp_path: Path) -> None:
    (tmp_path / "report").write_text(f'{json.dumps(PLAY)}\n{{"task": "Che\n{json.dumps(failure(msg="no"))}\n')
    assert read(tmp_path / "report").failure() == "role api, 'Check the pin': no"


def test_a_report_that_is_torn_anywhere_can_be_read(tmp_path: Path) -> None:
    events = [PLAY, {"unmatched": True}, TASK, failure(msg="no"), {"roles": {"api": 2}}]
    text = "".join(json.dumps(event) + "\n" for event in events).encode()
    for start in range(len(text)):
        (tmp_path / "report").write_bytes(text[start:])
        read(tmp_path / "report").failure()
        (tmp_path / "report").write_bytes(text[:start] + b"\xff\n" + text[start + 1 :])
        read(tmp_path / "report").mismatch(("api",))


@pytest.mark.parametrize(
    ("event", "message"),
    [
        (failure(msg="sha256 is 1,\n  the pin is 2"), "role api, 'Check the pin': sha256 is 1, the pin is 2"),
        (failure("Break", "", msg="no"), "'Break': no"),
        (failure("api : Break", "api", msg="no"), "role api, 'Break': no"),
        (
            failure(msg="non-zero return code", stderr="a\noh no\n"),
            "role api, 'Check the pin': non-zero return code: oh no",
        ),
        (failure(msg="non-zero return code", stderr=""), "role api, 'Check the pin': non-zero return code"),
        (failure(censored="hidden", msg="hunter2"), "role api, 'Check the pin': its output is hidden because it may"),
        (failure(), "role api, 'Check the pin': it failed"),
        (failure(msg="x" * 1000), "role api, 'Check the pin': xxx"),
    ],
)
def test_a_failure_is_one_line(tmp_path: Path, event: dict[str, Any], message: str) -> None:
    line = written(tmp_path, PLAY, event).failure()
    assert line.startswith(message)
    assert "\n" not in line
    assert "hunter2" not in line
    assert len(line) < 400


def test_the_last_failure_counts_since_earlier_ones_were_rescued(tmp_path: Path) -> None:
    report = written(tmp_path, failure("Switch", msg="refused"), failure("Say why", msg="the old one goes on"))
    assert report.failure() == "role api, 'Say why': the old one goes on"


def test_a_handler_that_fails_because_of_it_is_not_the_reason(tmp_path: Path) -> None:
    report = written(tmp_path, failure("Render", msg="no"), failure("Reload", handler=True, msg="no such unit"))
    assert report.failure() == "role api, 'Render': no"
    assert written(tmp_path, failure("Reload", handler=True, msg="x")).failure() == "role api, 'Reload': x"


def test_a_host_that_no_play_is_for_is_told() -> None:
    ops = {"play": "Ops", "pattern": "ops", "unmatched": True}
    assert Report().mismatch(("api", "ops")) == "no play is for this host, so nothing was done"
    assert Report(plays=(ops,)).mismatch(("api", "ops")) == "no play is for this host, so nothing was done"
    assert Report(plays=(PLAY, ops)).mismatch(("api", "ops")) == ""


def test_a_play_for_a_group_that_does_not_exist_is_told() -> None:
    play = {"play": "Ops", "pattern": "ops:!apii", "unmatched": True}
    message = "the play 'Ops' is for the unknown group 'apii'; wanted one of api, ops"
    assert Report(plays=(PLAY, play)).mismatch(("api", "ops")) == message


@pytest.mark.parametrize(
    ("output", "message"),
    [
        (
            "[WARNING]: x\n[ERROR]: couldn't resolve module\nOrigin: site.yml:4:7\n\n4 - name",
            "couldn't resolve module (site.yml:4:7)",
        ),
        ('localhost | FAILED! => {\n  "msg": "Failed to checkout \\"x\\"",\n  "rc": 1\n}', 'Failed to checkout "x"'),
        ("something\nfatal: not a repository\n", "not a repository"),
        ("something odd\n\n", "something odd"),
        ("", "no output"),
    ],
)
def test_what_goes_wrong_before_any_task_is_found_in_the_output(output: str, message: str) -> None:
    assert complaint(output.split("\n")) == message
