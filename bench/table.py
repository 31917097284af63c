"""Turn a run's figures into the table of docs/benchmarks.md.

python -m bench.serving --bundle DIR > figures.jsonl
python -m bench.table < figures.jsonl
"""

import json
import sys
from collections.abc import Iterable, Mapping
from typing import Any

# Told by the other figures: rows are requests times the body's rows.
LEFT_OUT = ("rows_per_second_1_row", "rows_per_second_100_rows", "requests_per_second_10000_rows", "others_cpu")


def table(lines: Iterable[str]) -> str:
    """A row for each figure, a column for each server, and the ratio to the peer that the limit names."""
    rows: dict[str, dict[str, Any]] = {}
    servers: list[str] = []
    for line in lines:
        told = json.loads(line)
        if told["figure"].startswith(LEFT_OUT):
            continue
        row = rows.setdefault(f"{told['figure']}, {told['unit']}", {})
        for name, value in ((told["server"], told["value"]), (told.get("peer"), told.get("peer_value"))):
            if name is not None:
                row.setdefault(name, value)
                servers += [name] if name not in servers else []
        if "limit" in told:
            row["limit"] = _limit(told)
    return "\n".join(_markdown(rows, servers))


def _limit(told: Mapping[str, Any]) -> str:
    bound = f"{'>=' if told.get('at_least') else '<='} {told['limit']:g}"
    return f"{told['ratio']:.2f} ({bound})" if told["limit_on"] == "ratio" else bound


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
