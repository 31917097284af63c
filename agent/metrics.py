"""The metrics of the agent, for the textfile collector of node_exporter."""

from collections.abc import Iterable
from pathlib import Path

from agent import files
from agent.state import RESULTS, State


def write(path: Path, state: State) -> None:
    """Write the metrics of a state; on failure raises OSError and leaves the old ones."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # The next run writes them again: waiting for the disk is not worth it.
    files.replace(path, text(state), durable=False)


def text(state: State) -> str:
    """Return the metrics in the text format of Prometheus."""
    lines = [
        *_info("slipway_pull_head_info", "The branch's latest commit that this host has seen.", state.head),
        *_info("slipway_pull_applied_info", "The commit that this host has converged to.", state.applied),
        *_metric(
            "slipway_pull_last_success_timestamp_seconds",
            "gauge",
            "When a run last succeeded, including runs with nothing to do.",
            [("", state.success_at)],
        ),
        *_metric(
            "slipway_pull_runs_total",
            "counter",
            "Runs by result.",
            [(f'{{result="{result}"}}', state.runs.get(result, 0)) for result in RESULTS],
        ),
        *_metric(
            "slipway_healthy",
            "gauge",
            "Whether a part of this host works, as of the last check.",
            [(f'{{part="{part}"}}', 0 if problem else 1) for part, problem in sorted(state.health.items())],
        ),
        *_metric(
            "slipway_pull_run_duration_seconds",
            "gauge",
            "How long the last run of Ansible took.",
            [("", state.seconds)],
        ),
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
