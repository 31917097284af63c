import os

from bench import process_tree
from bench.serving.disturbance import RetryBudget, Watch


def test_the_budget_is_spent_until_it_does_not_suffice() -> None:
    budget = RetryBudget(5)
    assert [budget.spend(2) for _ in range(3)] == [True, True, False]
    assert budget.seconds == 1


def test_cpu_of_the_benchmark_itself_does_not_count() -> None:
    watch = Watch()
    busy = process_tree.cpu_seconds(os.getpid())
    while process_tree.cpu_seconds(os.getpid()) - busy < 0.05:
        pass
    assert 0 <= watch.others(0) <= 1


def test_cpu_of_the_server_does_not_count() -> None:
    assert Watch().others(servers_cpu_seconds=1e6) == 0
