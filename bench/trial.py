"""One trial: cold starts, then all servers side by side, their answers checked, loaded in turn, and weighed."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from bench import answers, bodies, proctree, report, rounds
from bench.answers import Truth
from bench.bodies import SIZES, Size
from bench.bundle import Bundle
from bench.contestants import Contestant
from bench.figures import Figure
from bench.rounds import Round
from bench.rows import Row
from bench.server import Server

WARM_SECONDS = 1


@dataclass(frozen=True)
class Plan:
    """How long and how often."""

    seconds: int
    rounds: int
    starts: int


@dataclass
class Trial:
    """What the steps share; `folder` is theirs to write in."""

    plan: Plan
    bundle: Bundle
    rows: list[Row]
    contestants: Sequence[Contestant]
    folder: Path
    truth: Truth = field(init=False)
    names: list[str] = field(init=False)

    def __post_init__(self) -> None:
        self.truth = Truth(self.bundle)
        self.names = [one.name for one in self.contestants]

    def run(self) -> Iterator[Figure]:
        """Figures as they are known; WrongAnswer, LoadError or StartError where one cannot be."""
        fields = [one.name for one in self.bundle.fields]
        drawn = {size: bodies.draw(self.rows, size) for size in SIZES}
        yield from report.cold_start(self._cold_starts(fields), self.names)
        with ExitStack() as running:
            servers = [running.enter_context(Server(one, self.folder)) for one in self.contestants]
            for server in servers:
                self._check(server, fields, drawn)
            for size in SIZES:
                yield from report.load(size.rows, self._load(servers, size, fields, drawn[size]), self.names)
            yield from self._weigh(servers)

    def _cold_starts(self, fields: list[str]) -> dict[str, list[float]]:
        rows = self.bundle.golden_rows()[:1]
        truth = self.truth.predict(rows)
        seconds: dict[str, list[float]] = {name: [] for name in self.names}
        # The first start of each is not counted: it leaves byte code and a warm page cache, as an installation does.
        for turn in range(self.plan.starts + 1):
            for one in self.contestants:
                with Server(one, self.folder) as server:
                    took = server.wait_for_answer(one.shape(fields, rows), truth)
                if turn:
                    seconds[one.name].append(took)
            say(f"cold start {turn}/{self.plan.starts}", {name: times[-1:] for name, times in seconds.items()})
        return seconds

    def _check(self, server: Server, fields: list[str], drawn: dict[Size, list[list[Row]]]) -> None:
        shape, path = server.contestant.shape, server.contestant.path
        golden = self.bundle.golden_rows()
        server.wait_for_answer(shape(fields, golden), self.truth.predict(golden))
        checked = [rows for size in SIZES for rows in drawn[size][: max(1, 50 // size.rows) + 1]]
        for rows in checked:
            status, body = answers.ask(server.port, path, shape(fields, rows))
            answers.require_equal(server.name, status, body, self.truth.predict(rows))
        say(f"{server.name}: answers equal XGBoost's on {sum(map(len, checked)) + len(golden)} rows")

    def _load(self, servers: Sequence[Server], size: Size, fields: list[str], drawn: list[list[Row]]) -> list[Round]:
        files = {}
        for server in servers:
            files[server.name] = self.folder / f"{server.contestant.shape.__name__}-{size.rows}.jsonl"
            bodies.write(files[server.name], fields, drawn, server.contestant.shape)
        for server in servers:
            rounds.timed(server, size, files[server.name], WARM_SECONDS)
        ran: list[Round] = []
        while not rounds.enough(ran, self.plan.rounds, extra=self.plan.rounds):
            ran.append(rounds.run(servers, size, files, self.plan.seconds, start=len(ran)))
            rates = {name: round(sample.requests_per_second, 1) for name, sample in ran[-1].samples.items()}
            say(f"{size.rows} rows, round {len(ran)}: requests/s", rates, f"others took {ran[-1].disturbance:.0%}")
        return rounds.quietest(ran, self.plan.rounds)

    def _weigh(self, servers: Sequence[Server]) -> Iterator[Figure]:
        workers, whole = {}, {}
        for server in servers:
            supervisor, *others = (proctree.memory(pid) for pid in proctree.tree(server.pid))
            workers[server.name] = sum(others, proctree.Memory(0, 0))
            whole[server.name] = supervisor + workers[server.name]
        yield from report.memory(workers, whole, self.names)


def say(*words: object) -> None:
    """Progress, for a person, on stderr."""
    print(*words, file=sys.stderr, flush=True)
