from __future__ import annotations

import os

from app.serving.heartbeats import Heartbeats


def test_a_worker_that_beats_has_missed_nothing() -> None:
    heartbeats = Heartbeats(2)
    for _ in range(5):
        heartbeats.beat(1)
        assert heartbeats.missed(1) == 0
    assert [heartbeats.missed(1) for _ in range(3)] == [1, 2, 3]
    heartbeats.beat(1)
    assert heartbeats.missed(1) == 0
    assert not heartbeats.served(0)


def test_beats_of_another_process_are_seen_and_a_successor_begins_anew() -> None:
    heartbeats = Heartbeats(1)
    pid = os.fork()
    if pid == 0:
        heartbeats.beat(0)
        os._exit(0)
    os.waitpid(pid, 0)
    assert heartbeats.served(0)
    assert heartbeats.missed(0) == 0
    heartbeats.reset(0)
    assert not heartbeats.served(0)
    assert heartbeats.missed(0) == 1
