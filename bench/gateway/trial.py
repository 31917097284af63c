"""One trial: answers checked, then all targets loaded in turn, over each version of HTTP and kind of connection."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from bench.answers import WrongAnswer
from bench.figures import Figure
from bench.gateway import h2load, handshakes, processes, report
from bench.gateway.h2load import Mode
from bench.gateway.handshakes import Handshakes
from bench.gateway.served import Served
from bench.gateway.targets import Target
from bench.load import Load
from bench.serving import bodies, rounds
from bench.serving.bodies import Size
from bench.serving.disturbance import RetryBudget, Watch
from bench.serving.rounds import Sample
from bench.serving.trial import say

WARM_SECONDS = 1
# Right answers that each of the clients has to get of each target before it is timed.
CHECKED = 10


@dataclass(frozen=True)
class Plan:
    """How long and how often."""

    seconds: int
    rounds: int
    patience: float
    sizes: Sequence[Size]
    modes: Sequence[Mode]


@dataclass(frozen=True)
class GatewaySample(Sample):
    """One timed run; `cpu_us_per_request` is the gateway's, with what the host's journal does for its log."""

    server_cpu_us_per_request: float


class Trial:
    """What the steps share; `folder` is theirs to write in."""

    def __init__(self, plan: Plan, served: Served, targets: Sequence[Target], folder: Path) -> None:
        self._plan, self._targets, self._folder = plan, targets, folder
        self._known = served.known()
        self._rows = served.rows()
        self._server = [processes.container_of(processes.behind(served.socket_here))]
        journal = processes.journal(served.pid)
        self._gateways = {one.name: (processes.listening(one.port) if one.port else []) + journal for one in targets}

    def run(self) -> Iterator[Figure]:
        """Figures as they are known; WrongAnswer or LoadError where one cannot be."""
        for target in self._targets:
            self._check(target)
        for size in self._plan.sizes:
            files = self._bodies(size)
            for mode in self._plan.modes:
                chosen = [target for target in self._targets if target.http2 or not mode.http2]
                yield from report.load(size.rows, mode.name, self._load(chosen, size, mode, files), chosen)
        for kind, resume in (("full", False), ("resumed", True)):
            yield from report.handshakes(kind, *self._handshakes(kind, resume))

    def _check(self, target: Target) -> None:
        with Load(target.url, target.ca, self._known, socket=target.socket) as load:
            load.more(CHECKED)
        if load.wrong or load.failed:
            raise WrongAnswer(f"{target.name}: {load}, wanted right answers only")
        say(f"{target.name}: {load.served.total()} answers equal XGBoost's")

    def _bodies(self, size: Size) -> Sequence[Path]:
        """Write different bodies, one for each round; h2load sends the same one throughout a run."""
        files = []
        for number, rows in enumerate(bodies.draw(self._rows, size)[: self._plan.rounds]):
            files.append(self._folder / f"{size.rows}-{number}.json")
            files[-1].write_bytes(bodies.features([], rows))
        return files

    def _load(
        self, chosen: Sequence[Target], size: Size, mode: Mode, files: Sequence[Path]
    ) -> Sequence[Mapping[str, GatewaySample]]:
        for target in chosen:
            self._timed(target, size, mode, files[0], WARM_SECONDS)
        seconds, ran, patience = self._plan.seconds * size.stretch, [], self._retry_budget()
        for turn in range(self._plan.rounds):
            body = files[turn % len(files)]
            takes = {one.name: partial(self._timed, one, size, mode, body, seconds) for one in chosen}
            ran.append(rounds.interleaved(takes, seconds, turn, patience))
            rates = "  ".join(f"{one.name} {ran[-1][one.name].requests_per_second:,.0f}" for one in chosen)
            others = max(sample.others for sample in ran[-1].values())
            say(f"{size.rows} rows, {mode.name}, round {turn + 1}: requests/s  {rates}  (others up to {others:.0%})")
        return ran

    def _timed(self, target: Target, size: Size, mode: Mode, body: Path, seconds: int) -> GatewaySample:
        gateway = self._gateways[target.name]
        watch, at_gateway, at_server = Watch(), processes.cpu_seconds(gateway), processes.cpu_seconds(self._server)
        load = h2load.run(target, mode, body, seconds, self._folder / "h2load.log")
        at_gateway = processes.cpu_seconds(gateway) - at_gateway
        at_server = processes.cpu_seconds(self._server) - at_server
        rate, each = load.requests_per_second, 1e6 / load.requests
        others = watch.others(at_gateway + at_server)
        per_request = (at_gateway * each, others, at_server * each)
        return GatewaySample(rate, rate * size.rows, load.p50_ms, load.p99_ms, *per_request)

    def _handshakes(self, kind: str, resume: bool) -> tuple[Sequence[Mapping[str, Handshakes]], Sequence[Target]]:
        gateways = [target for target in self._targets if target.port]
        body = bodies.features([], bodies.draw(self._rows, bodies.SIZES[0])[0])
        seconds, ran, patience = self._plan.seconds, [], self._retry_budget()
        for turn in range(self._plan.rounds):
            takes = {
                one.name: partial(
                    handshakes.timed, one, self._gateways[one.name], self._server, body, seconds, resume=resume
                )
                for one in gateways
            }
            ran.append(rounds.interleaved(takes, seconds, turn, patience))
            rates = "  ".join(f"{one.name} {ran[-1][one.name].connections_per_second:,.0f}" for one in gateways)
            say(f"TLS, {kind}, round {turn + 1}: connections/s  {rates}")
        return ran, gateways

    def _retry_budget(self) -> RetryBudget:
        """Equal for each kind of run, so that one bad minute does not use up what the others may need."""
        return RetryBudget(self._plan.patience / (len(self._plan.sizes) * len(self._plan.modes) + 2))
