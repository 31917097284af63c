"""The files of the metrics: their number stays, they are complete from the start and go with their server."""

from __future__ import annotations

import atexit
import fcntl
import os
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.mmap_dict import MmapedDict, mmap_key
from prometheus_client.multiprocess import MultiProcessCollector

from app.serving import metrics_folder


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of our own in place of the machine's shared memory."""
    monkeypatch.setattr(metrics_folder, "SHARED_MEMORY", tmp_path)
    monkeypatch.setattr(atexit, "register", lambda *_: None)
    return tmp_path


def test_each_worker_has_its_files_with_all_their_memory(place: Path) -> None:
    folder = metrics_folder.make(workers=2, models=3)
    files = {file.name for file in folder.iterdir()}
    assert files == {f"{kind}_{worker}.db" for kind in metrics_folder.KINDS for worker in (0, 1)}
    assert all(file.stat().st_blocks * 512 >= file.stat().st_size > 100_000 for file in folder.iterdir())


def test_no_room_is_told_at_the_start(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics_folder, "BYTES", 1 << 60)
    with pytest.raises(OSError, match=r"File too large|No space left"):
        metrics_folder.make(1, 1)


def test_what_a_killed_server_left_goes_and_what_a_server_uses_stays(place: Path) -> None:
    left = place / f"{metrics_folder.PREFIX}left"
    left.mkdir()
    (left / "counter_0.db").write_bytes(b"")
    used = place / f"{metrics_folder.PREFIX}used"
    used.mkdir()
    (place / f"{metrics_folder.PREFIX}link").symlink_to(place)
    (place / "another-s").mkdir()
    lock = os.open(used, os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_EX)
    first = metrics_folder.make(1, 1)
    second = metrics_folder.make(1, 1)
    os.close(lock)
    kept = {first.name, second.name, used.name, "another-s", f"{metrics_folder.PREFIX}link"}
    assert {entry.name for entry in place.iterdir()} == kept


def test_a_dead_worker_s_gauges_go_and_its_counters_stay(place: Path) -> None:
    folder = metrics_folder.make(2, 1)
    for worker in (0, 1):
        for kind in ("counter", "gauge_livesum"):
            values = MmapedDict(str(metrics_folder.file(folder, kind, worker)))  # type: ignore[no-untyped-call]
            values.write_value(mmap_key(kind, kind, [], [], kind), 3.0, 0.0)  # type: ignore[no-untyped-call]
            values.close()  # type: ignore[no-untyped-call]
    assert totals(folder) == {"counter": 6.0, "gauge_livesum": 6.0}
    metrics_folder.clear_gauges(folder, 1)
    assert totals(folder) == {"counter": 6.0, "gauge_livesum": 3.0}


def totals(folder: Path) -> dict[str, float]:
    registry = CollectorRegistry()
    MultiProcessCollector(registry, path=str(folder))  # type: ignore[no-untyped-call]
    lines = [line for line in generate_latest(registry).decode().splitlines() if not line.startswith("#")]
    return {name.removesuffix("_total"): float(value) for name, value in (line.split() for line in lines)}
