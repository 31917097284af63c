"""Metrics for the textfile collector of node_exporter."""

from collections.abc import Iterable
from pathlib import Path

from agent import files
from agent.state import RESULTS, State


def write(path: Path, state: State) -> None:
    """Write the metrics of a state; raises OSError and leaves the old ones where that cannot be done."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # They are written again in a minute: not worth waiting for the disk.
    files.replace(path, text(state), durable=False)


def text(state: State) -> str:
    """Return the metrics in Prometheus' text format."""
    lines = [
        *_info("slipway_pull_head_info", "The branch's commit as last seen.", state.head),
        *_info("slipway_pull_applied_info", "The commit that this host has converged to.", state.applied),
        *_metric(
            "slipway_pull_last_success_timestamp_seconds",
            "gauge",
            "When a run last ended well, with or without something to do.",
            [("", state.success_at)],
        ),
        *_metric(
            "slipway_pull_runs_total",
            "counter",
            "Runs by how they ended.",
            [(f'{{result="{result}"}}', state.runs.get(result, 0)) for result in RESULTS],
        ),
        *_metric(
            "slipway_healthy",
            "gauge",
            "Whether a part of this host works, as of the last look.",
            [(f'{{part="{part}"}}', 0 if problem else 1) for part, problem in sorted(state.health.items())],
        ),
        *_metric("slipway_pull_run_duration_seconds", "gauge", "How long Ansible took last.", [("", state.seconds)]),
    ]
    return "".join(f"{line}\n" for line in lines)


def _info(name: str, about: str, commit: str) -> Iterable[str]:
    return _metric(name, "gauge", about, [(f'{{commit="{commit}"}}', 1)] if commit else [])


def _metric(name: str, kind: str, about: str, samples: list[tuple[str, float]]) -> Iterable[str]:
    return [
        f"# HELP {name} {about}",
        f"# TYPE {name} {kind}",
        *(f"{name}{labels} {value}" for labels, value in samples),
    ]
