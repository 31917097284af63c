"""A daemon that runs with an older configuration than the one on disk is told from one that has read it."""

import os
from pathlib import Path

from plugins.modules import slipway_daemon

SHOWN = {
    "ActiveState": "active",
    "ExecMainStartTimestamp": "Sat 2026-11-21 15:00:00.250000 UTC",
    "ActiveEnterTimestamp": "Sat 2026-11-21 15:00:01.000000 UTC",
    "StateChangeTimestamp": "Sat 2026-11-21 16:00:00.000000 UTC",
}
STARTED = 1795273200.25


def test_a_daemon_has_read_what_is_older_than_its_start_or_its_reload() -> None:
    assert slipway_daemon.moment(SHOWN, slipway_daemon.STARTED) == STARTED
    assert slipway_daemon.moment(SHOWN, slipway_daemon.RELOADED) == STARTED + 3599.75


def test_a_timer_has_no_process_and_is_started_when_it_becomes_active() -> None:
    shown = SHOWN | {"ExecMainStartTimestamp": ""}
    assert slipway_daemon.moment(shown, slipway_daemon.STARTED) == STARTED + 0.75


def test_a_file_that_is_newer_is_named_also_one_in_a_folder(tmp_path: Path) -> None:
    folder = tmp_path / "routes"
    folder.mkdir()
    for path in (tmp_path / "old", tmp_path / "new", folder / "a", folder / "b"):
        path.touch()
        os.utime(path, (STARTED - 1, STARTED - 1))
    os.utime(folder, (STARTED - 1, STARTED - 1))
    files = [str(tmp_path / name) for name in ("old", "new", "routes", "missing")]
    assert slipway_daemon.newer(files, STARTED) == []
    for path in (tmp_path / "new", folder / "b"):
        os.utime(path, (STARTED + 1, STARTED + 1))
    assert slipway_daemon.newer(files, STARTED) == [str(tmp_path / "new"), str(folder / "b")]
    # A file that was removed, or put there, changes the folder.
    os.utime(folder, (STARTED + 1, STARTED + 1))
    assert str(folder) in slipway_daemon.newer(files, STARTED)
