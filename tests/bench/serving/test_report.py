from collections.abc import Mapping

from bench.process_tree import Memory
from bench.serving import report
from bench.serving.rounds import Round, Sample
from bench.serving.targets import FASTAPI, MLFLOW, OURS

SERVERS = [OURS, FASTAPI, MLFLOW]


def sample(rate: float, others: float = 0.0) -> Sample:
    return Sample(rate, rate * 10, 1000 / rate, 2000 / rate, 5.0, others)


def one_round(ours: float, fastapi: float, others: Mapping[str, float] | None = None) -> Round:
    taken = others or {}
    rates = {OURS: ours, FASTAPI: fastapi, MLFLOW: 1.0}
    return {name: sample(rate, taken.get(name, 0.0)) for name, rate in rates.items()}


def test_every_measure_is_set_against_every_peer() -> None:
    found = list(report.load(10, [one_round(8, 2)], SERVERS))
    names = [name for name, _ in report.MEASURES.values()]
    assert [(one.figure, one.peer) for one in found[:-1]] == [
        (f"{name}_10_rows", peer) for peer in (FASTAPI, MLFLOW) for name in names
    ]
    assert found[-1].figure == "others_cpu_10_rows"


def test_a_server_alone_has_its_figures_without_a_ratio() -> None:
    found = list(report.load(1, [{OURS: sample(8)}], [OURS]))
    assert found[0].figure == "requests_per_second_1_row"
    assert (found[0].value, found[0].ratio) == (8, None)


def test_disturbed_rounds_do_not_count_if_enough_others_are_left() -> None:
    rounds = [one_round(8, 2)] * 3 + [one_round(2, 2, {FASTAPI: 0.5})] * 4
    rate = next(report.load(1, rounds, SERVERS))
    assert (rate.ratio, rate.low) == (4, 8)


def test_a_round_counts_for_the_pair_that_nobody_disturbed() -> None:
    rounds = [one_round(8, 2, {MLFLOW: 0.5})] * 3 + [one_round(2, 2, {FASTAPI: 0.5})]
    found = {(one.figure, one.peer): one for one in report.load(1, rounds, SERVERS)}
    assert found["requests_per_second_1_row", FASTAPI].low == 8
    assert found["requests_per_second_1_row", MLFLOW].low == 2
    assert found["others_cpu_1_row", None].value == 0.5


def test_all_rounds_count_if_too_few_are_undisturbed() -> None:
    rounds = [one_round(8, 2)] * 2 + [one_round(2, 2, {OURS: 0.5})] * 3
    assert next(report.load(1, rounds, SERVERS)).ratio == 1


def test_memory_is_reported_for_workers_and_all_processes_by_pss_and_rss() -> None:
    workers, whole = dict.fromkeys(SERVERS, Memory(100, 200)), dict.fromkeys(SERVERS, Memory(110, 230))
    found = {one.figure: one.value for one in report.memory(workers, whole, SERVERS)}
    assert found == {
        "memory_workers_pss": 100,
        "memory_workers_rss": 200,
        "memory_all_pss": 110,
        "memory_all_rss": 230,
    }


def test_starts_need_not_be_equally_many() -> None:
    found = next(report.cold_start({OURS: [0.5, 0.5, 0.7], FASTAPI: [1.0]}, [OURS, FASTAPI]))
    assert found.ratio == 0.5
    assert found.held()
