"""Runs the benchmark: cold starts, then all servers side by side: answers, load and memory."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench import answers, process_tree
from bench.answers import Reference
from bench.bundle import Bundle
from bench.figures import Figure
from bench.rows import Row
from bench.serving import bodies, report, rounds, starts
from bench.serving.bodies import SIZES, Size
from bench.serving.disturbance import RetryBudget
from bench.serving.rounds import Round
from bench.serving.server import Server
from bench.serving.targets import Target

WARM_SECONDS = 1
# Of the bodies that are then timed, so many are compared with XGBoost first, at each size.
CHECKED_ROWS = 50


@dataclass(frozen=True)
class Plan:
    """The durations and repetitions."""

    seconds: int
    rounds: int
    starts: int
    patience: float


class Trial:
    """The state that the steps share. They write to `folder`."""

    def __init__(self, plan: Plan, bundle: Bundle, rows: list[Row], targets: Sequence[Target], folder: Path) -> None:
        self._plan = plan
        self._golden = bundle.golden_rows()
        self._fields = [field.name for field in bundle.fields]
        self._reference = Reference(bundle)
        self._drawn = {size: bodies.draw(rows, size) for size in SIZES}
        self._targets = targets
        self._names = [one.name for one in targets]
        self._folder = folder

    def run(self) -> Iterator[Figure]:
        """Yield the figures as soon as they are known. Raises WrongAnswer, LoadError or StartError."""
        yield from report.cold_start(self._cold_starts(), self._names)
        with ExitStack() as running:
            servers = [running.enter_context(Server(one, self._folder)) for one in self._targets]
            for server in servers:
                self._check(server)
            for size in SIZES:
                yield from report.load(size.rows, self._load(servers, size), self._names)
            yield from self._measure_memory(servers)

    def _cold_starts(self) -> Mapping[str, Sequence[float]]:
        rows = self._golden[:1]
        expected = self._reference.predict(rows)
        seconds: dict[str, list[float]] = {name: [] for name in self._names}
        budget = self._retry_budget()
        for turn in range(self._plan.starts + 1):
            for one in self._targets:
                took = starts.least_disturbed(one, self._folder, one.shape(self._fields, rows), expected, budget)
                # The first start does not count: it writes byte code and fills the page cache, as an installation does.
                if turn:
                    seconds[one.name].append(took)
                    say(f"cold start {turn}: {one.name} {took:.2f} s")
        return seconds

    def _check(self, server: Server) -> None:
        """Compare the predictions for the golden rows, and for bodies of each size."""
        shape = server.target.shape
        server.wait_for_answer(shape(self._fields, self._golden), self._reference.predict(self._golden))
        checked = [rows for size in SIZES for rows in self._drawn[size][: max(1, CHECKED_ROWS // size.rows)]]
        expected_answers = [self._reference.predict(rows) for rows in checked]

        def ask(rows: list[Row], expected: np.ndarray) -> None:
            status, body = answers.ask(server.port, server.target.path, shape(self._fields, rows))
            answers.require_equal(server.name, status, body, expected)

        # At once: each connection has rows of its own, and has to get the answers to these.
        with ThreadPoolExecutor(bodies.CONNECTIONS) as pool:
            list(pool.map(ask, checked, expected_answers))
        say(f"{server.name}: answers equal XGBoost's on {sum(map(len, checked)) + len(self._golden)} rows")

    def _load(self, servers: Sequence[Server], size: Size) -> Sequence[Round]:
        files = {}
        for server in servers:
            shape = server.target.shape
            files[server.name] = self._folder / f"{shape.__name__}-{size.rows}.jsonl"
            bodies.write(files[server.name], self._fields, self._drawn[size], shape)
            rounds.timed(server, size, files[server.name], WARM_SECONDS * size.stretch)
        budget = self._retry_budget()
        ran: list[Round] = []
        for turn in range(self._plan.rounds):
            ran.append(rounds.run(servers, size, files, self._plan.seconds * size.stretch, turn, budget))
            rates = "  ".join(f"{name} {ran[-1][name].requests_per_second:,.0f}" for name in self._names)
            others = max(sample.others for sample in ran[-1].values())
            say(f"{size.rows} rows, round {turn + 1}: requests/s  {rates}  (others took up to {others:.0%})")
        return ran

    def _retry_budget(self) -> RetryBudget:
        """Return an equal share for the starts and for each size, so that one bad minute does not use up all of it."""
        return RetryBudget(self._plan.patience / (1 + len(SIZES)))

    def _measure_memory(self, servers: Sequence[Server]) -> Iterator[Figure]:
        workers, whole = {}, {}
        for server in servers:
            supervisor, *others = (process_tree.memory(pid) for pid in process_tree.tree(server.pid))
            workers[server.name] = sum(others, process_tree.Memory(0, 0))
            whole[server.name] = supervisor + workers[server.name]
        yield from report.memory(workers, whole, self._names)


def say(*words: object) -> None:
    """Print progress to stderr."""
    print(*words, file=sys.stderr, flush=True)
