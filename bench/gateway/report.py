"""From rounds to figures: our gateway's against each of the others."""

from collections.abc import Iterator, Mapping, Sequence

from bench.figures import Figure
from bench.gateway.handshakes import Handshakes
from bench.gateway.targets import Target
from bench.serving import report
from bench.serving.report import Rounds

# Of a sample's fields: the figure's name, which ends with the size and the mode, and its unit.
MEASURES = {
    "requests_per_second": ("gateway_requests_per_second", "requests/s"),
    "p50_ms": ("gateway_p50", "ms"),
    "p99_ms": ("gateway_p99", "ms"),
    "server_cpu_us_per_request": ("gateway_server_cpu_per_request", "us"),
}
# Where the API is asked directly there is none of these.
MEASURES_OF_GATEWAYS = {"cpu_us_per_request": ("gateway_cpu_per_request", "us")}
MEASURES_OF_HANDSHAKES = {
    "connections_per_second": ("gateway_connections_per_second", "connections/s"),
    "p50_ms": ("gateway_p50", "ms"),
    "p99_ms": ("gateway_p99", "ms"),
    "cpu_us_per_connection": ("gateway_cpu_per_connection", "us"),
}


def load(rows: int, mode: str, rounds: Rounds, targets: Sequence[Target]) -> Iterator[Figure]:
    """Every measure at one size and mode, and the largest share of the machine that others took."""
    suffix = f"{rows}_row{'s' if rows > 1 else ''}_{mode}"
    names = [one.name for one in targets]
    yield from report.measured(suffix, MEASURES, rounds, names)
    yield from report.measured(suffix, MEASURES_OF_GATEWAYS, rounds, [one.name for one in targets if one.port])
    yield report.others(f"gateway_{suffix}", rounds, names)


def handshakes(kind: str, rounds: Sequence[Mapping[str, Handshakes]], targets: Sequence[Target]) -> Iterator[Figure]:
    """Every measure of new connections, with a full handshake or a resumed one, and how many were resumed."""
    names = [one.name for one in targets]
    suffix = f"tls_{kind}"
    yield from report.measured(suffix, MEASURES_OF_HANDSHAKES, rounds, names)
    for name in names:
        shares = [one[name].resumed for one in rounds]
        yield Figure(f"gateway_share_resumed_{suffix}", min(shares), "share", name)
    yield report.others(f"gateway_{suffix}", rounds, names)
