"""Each figure of a run has its name, its peers and its limits."""

from bench import figures
from bench.gateway import report, targets
from bench.gateway.handshakes import Handshakes
from bench.gateway.targets import Target
from bench.gateway.trial import GatewaySample

RATES = {targets.OURS: 8_000.0, targets.DIRECT: 16_000.0, targets.NGINX: 10_000.0, targets.CADDY: 2_000.0}
ALL = [Target(name, "", port=0 if name == targets.DIRECT else 443) for name in RATES]


def sample(rate: float) -> GatewaySample:
    return GatewaySample(rate, rate, 1000 / rate, 2000 / rate, 40.0, 0.0, 60.0)


def seen(mode: str = "http1_kept", rows: int = 1) -> dict[tuple[str, str | None], figures.Figure]:
    rounds = [{name: sample(rate) for name, rate in RATES.items()}] * 3
    return {(one.figure, one.peer): one for one in report.load(rows, mode, rounds, ALL)}


def test_our_gateway_is_held_against_each_peer_by_a_limit_of_its_own() -> None:
    found = seen()
    held = {peer: found[figures.GATEWAY_RATE, peer].held() for peer in (targets.DIRECT, targets.NGINX, targets.CADDY)}
    assert held == {targets.DIRECT: True, targets.NGINX: False, targets.CADDY: True}
    assert found[figures.GATEWAY_P99, targets.DIRECT].held()
    assert found[figures.GATEWAY_P99, targets.NGINX].limit is None


def test_the_limits_are_those_of_the_design() -> None:
    wanted = {(figures.GATEWAY_RATE, "nginx"): 1.0, (figures.GATEWAY_RATE, "direct"): 0.5}
    wanted |= {(figures.GATEWAY_RATE, "caddy"): 4.0, (figures.GATEWAY_P99, "direct"): 3.0}
    assert {key: limit.bound for key, limit in figures.PEER_LIMITS.items()} == wanted
    assert all(limit.on == "ratio" and limit.peer == peer for (_, peer), limit in figures.PEER_LIMITS.items())


def test_other_modes_and_sizes_have_no_limit() -> None:
    assert not any(one.limit for mode in ("http1_new", "http2_kept") for one in seen(mode).values())
    assert not any(one.limit for one in seen(rows=100).values())


def test_the_cpu_of_a_gateway_is_not_set_against_the_api_asked_directly() -> None:
    peers = [peer for name, peer in seen() if name == "gateway_cpu_per_request_1_row_http1_kept"]
    assert peers == [targets.NGINX, targets.CADDY]
    assert ("gateway_server_cpu_per_request_1_row_http1_kept", targets.DIRECT) in seen()


def test_others_are_told_once_for_each_kind() -> None:
    assert [name for name, _ in seen() if name.startswith("others_cpu")] == ["others_cpu_gateway_1_row_http1_kept"]


def test_handshakes_say_how_many_were_resumed() -> None:
    gateways = [target for target in ALL if target.port]
    rounds = [{one.name: Handshakes(900.0, 5.0, 9.0, 300.0, share, 0.0) for one in gateways} for share in (1.0, 0.5)]
    found = {(one.figure, one.server): one for one in report.handshakes("resumed", rounds, gateways)}
    assert found["gateway_share_resumed_tls_resumed", targets.OURS].value == 0.5
    assert found["gateway_connections_per_second_tls_resumed", targets.OURS].value == 900
