import os

from bench import process_tree
from bench.serving.disturbance import RetryBudget, Watch


def test_patience_is_spent_until_it_does_not_suffice() -> None:
    patience = RetryBudget(5)
    assert [patience.spend(2) for _ in range(3)] == [True, True, False]
    assert patience.seconds == 1


def test_what_the_harness_itself_uses_is_not_others() -> None:
    watch = Watch()
    busy = process_tree.cpu_seconds(os.getpid())
    while process_tree.cpu_seconds(os.getpid()) - busy < 0.05:
        pass
    assert 0 <= watch.others(0) <= 1


def test_what_the_server_used_is_taken_off() -> None:
    assert Watch().others(servers_cpu_seconds=1e6) == 0
