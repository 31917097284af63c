from bench import figures, table
from bench.serving.targets import FASTAPI, MLFLOW, OURS

SEEN = {OURS: [18_000.0], FASTAPI: [4_000.0], MLFLOW: [0.25]}


def lines(name: str) -> list[str]:
    return [figures.summarize(name, "requests/s", SEEN, OURS, peer).line() for peer in (FASTAPI, MLFLOW)]


def test_a_figure_is_a_row_and_a_server_a_column() -> None:
    head, _, row = table.table(lines("requests_per_second_1_row")).splitlines()
    assert head == "| figure | `slipway` | `fastapi` | `mlflow` | ratio (limit) |"
    assert row == "| requests_per_second_1_row, requests/s | 18,000 | 4,000 | 0.25 | 4.50 (>= 4) |"


def test_a_limit_on_the_value_needs_no_ratio() -> None:
    assert table.table(lines("cold_start")).endswith("| <= 1 |")


def test_figures_that_follow_from_others_are_left_out() -> None:
    assert table.table(lines("rows_per_second_1_row")).count("\n") == 1
