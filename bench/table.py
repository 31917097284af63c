"""Prints the figures of a run as the table for docs/benchmarks.md.

python -m bench.serving --bundle DIR > figures.jsonl
python -m bench.table < figures.jsonl
"""

import json
import sys
from collections.abc import Iterable, Mapping
from typing import Any

# These follow from the other figures: rows a second are requests a second times the rows per body.
LEFT_OUT = ("rows_per_second_1_row", "rows_per_second_100_rows", "requests_per_second_10000_rows", "others_cpu")


def table(lines: Iterable[str]) -> str:
    """Return a row per figure, with a column per server and the ratio that has a limit."""
    rows: dict[str, dict[str, Any]] = {}
    servers: list[str] = []
    for line in lines:
        figure = json.loads(line)
        if figure["figure"].startswith(LEFT_OUT):
            continue
        row = rows.setdefault(f"{figure['figure']}, {figure['unit']}", {})
        for name, value in ((figure["server"], figure["value"]), (figure.get("peer"), figure.get("peer_value"))):
            if name is not None:
                row.setdefault(name, value)
                servers += [name] if name not in servers else []
        if "limit" in figure:
            row["limit"] = _limit(figure)
    return "\n".join(_markdown(rows, servers))


def _limit(figure: Mapping[str, Any]) -> str:
    bound = f"{'>=' if figure.get('at_least') else '<='} {figure['limit']:g}"
    return f"{figure['ratio']:.2f} ({bound})" if figure["limit_on"] == "ratio" else bound


def _markdown(rows: Mapping[str, Mapping[str, Any]], servers: list[str]) -> Iterable[str]:
    yield f"| figure | {' | '.join(f'`{name}`' for name in servers)} | ratio (limit) |"
    yield "|---|" + "--:|" * (len(servers) + 1)
    for name, row in rows.items():
        cells = [_short(row[server]) if server in row else "" for server in servers]
        yield f"| {name} | {' | '.join(cells)} | {row.get('limit', '')} |"


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


if __name__ == "__main__":
    print(table(sys.stdin))
