from collections.abc import Callable
from functools import partial

from bench.serving.disturbance import RetryBudget
from bench.serving.rounds import Sample, interleaved, least_disturbed


def samples(*others: float) -> Callable[[], Sample]:
    taken = iter([Sample(rate, rate, 1, 1, 1, share) for rate, share in enumerate(others, start=1)])
    return lambda: next(taken)


def test_an_undisturbed_sample_is_taken_once() -> None:
    assert least_disturbed(samples(0.01), 1, RetryBudget(10)).requests_per_second == 1


def test_a_disturbed_sample_is_taken_again() -> None:
    assert least_disturbed(samples(0.5, 0.02), 1, RetryBudget(10)).requests_per_second == 2


def test_the_least_disturbed_counts_when_the_budget_is_used_up() -> None:
    assert least_disturbed(samples(0.5, 0.2, 0.4), 1, RetryBudget(2)).requests_per_second == 2


def test_each_round_begins_with_another_one() -> None:
    order: list[str] = []

    def take(name: str) -> Sample:
        order.append(name)
        return Sample(1, 1, 1, 1, 1, 0.0)

    takes = {name: partial(take, name) for name in ("a", "b", "c")}
    for turn in range(2):
        assert set(interleaved(takes, 1, turn, RetryBudget(0))) == {"a", "b", "c"}
    assert order == ["a", "b", "c", "b", "c", "a"]
