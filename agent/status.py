"""`slipway-pull status`: whether this host is in sync and healthy. It only reads files and changes nothing."""

import time
from typing import Any

from agent import host as host_json
from agent import lock, uptime
from agent import settings as pull_json
from agent import state as state_json
from agent.errors import ConfigError
from agent.output import duration, short
from agent.paths import Paths
from agent.state import CUT_OFF, State

View = dict[str, Any]
GOOD = ("in sync", "running")
BAD = ("refused", "unreachable", "misconfigured", "failed")
# A run is overdue after so many intervals, and at least so many seconds: the timer does not start the agent.
OVERDUE_INTERVALS, OVERDUE_SECONDS = 5, 120.0


def view(paths: Paths) -> View:
    """Return everything that status knows; `state` sums it up in a word or two."""
    state = state_json.read(paths.state)
    running = lock.holder(paths.lock)
    shown = state._asdict()
    try:
        shown["host"] = host_json.read(paths)._asdict()
        shown["host_problem"] = ""
    except ConfigError as error:
        shown["host_problem"] = str(error)
    return {
        "state": _word(state, running is not None, pull_json.read(paths).interval_seconds),
        "running": running._asdict() if running else None,
        "last_run_seconds": _since(state) if state.result_at else None,
        **shown,
    }


def _word(state: State, running: bool, interval: float) -> str:
    if not running and not state.result_at:
        return "never ran"
    if not running and _since(state) > max(OVERDUE_INTERVALS * interval, OVERDUE_SECONDS):
        return "overdue"
    if any(state.health.values()):
        return "unhealthy"
    if running:
        return "running"
    if not state.settled:
        return "failing"
    if state.fallback:
        return "fallback"
    return state.result if state.result in BAD else "in sync"


def _since(state: State) -> float:
    """Return the seconds since the last run ended; if the machine booted since, those since the boot."""
    if not state.result_boot:
        return time.time() - state.result_at
    return uptime.seconds() - (state.result_uptime if state.result_boot == uptime.boot() else 0)


def lines(view: View) -> list[str]:
    """Return the view as lines for a person."""
    now = time.time()
    rows = _state(view, now) + _reason(view, now) + _health(view, now)
    rows += _commits(view, now) + _times(view, now) + _host(view)
    return [f"{name:<11} {value}" for name, value in rows]


def _state(view: View, now: float) -> list[tuple[str, str]]:
    running = view["running"]
    if not running:
        return [("state", view["state"])]
    under_way = f"for {duration(now - running['since'])} (process {running['pid']})"
    return [
        (
            "state",
            f"running {under_way}"
            if view["state"] == "running"
            else f"{view['state']}; a run is under way {under_way}",
        )
    ]


def _reason(view: View, now: float) -> list[tuple[str, str]]:
    if view["state"] == "never ran":
        return [("reason", "the timer has not started slipway-pull yet; see docs/agent.md")]
    if view["state"] == "overdue":
        late = f"no run for {duration(view['last_run_seconds'])}"
        return [("reason", f"{late}; `systemctl status slipway-pull.timer slipway-pull` shows why")]
    under_way = view["running"] and view["reason"] == CUT_OFF
    if view["failures"] and view["reason"] and not under_way:
        retry = f"{view['failures']} failed, next in {duration(view['retry_at'] - now)}"
        return [("reason", view["reason"]), ("attempt", retry)]
    if view["fallback"]:
        return [("reason", f"the installed agent cannot start, so the previous version runs: {view['fallback']}")]
    return [("reason", view["said"])] if view["result"] in BAD else []


def _health(view: View, now: float) -> list[tuple[str, str]]:
    rows = [(part, problem) for part, problem in view["health"].items() if problem]
    if rows and view["repairs"] and not view["running"]:
        why = f": {view['repair_reason']}" if view["repair_reason"] else ""
        rows.append(("repairs", f"{view['repairs']} did not help, next in {duration(view['repair_at'] - now)}{why}"))
    return rows


def _commits(view: View, now: float) -> list[tuple[str, str]]:
    rows = [("applied", f"{short(view['applied'])}{_ago(view['applied_at'], now)}")]
    if view["attempted"] != view["applied"]:
        rows.append(("attempted", f"{short(view['attempted'])}{_ago(view['attempted_at'], now)}"))
    if view["head"] != view["applied"]:
        rows.append(("branch at", short(view["head"])))
    return rows


def _times(view: View, now: float) -> list[tuple[str, str]]:
    rows = [("last run", f"{view['result']}{_ago(view['result_at'], now)}")] if view["result_at"] else []
    if view["full_at"]:
        rows.append(("full check", duration(now - view["full_at"]) + " ago"))
    if view["seconds"]:
        limited = f", only {', '.join(view['scope'])}" if view["scope"] else ""
        rows.append(("Ansible", f"took {duration(view['seconds'])}{limited}"))
    return rows


def _host(view: View) -> list[tuple[str, str]]:
    if view["host_problem"]:
        return [("host", view["host_problem"])]
    host = view["host"]
    groups = ", ".join(host["groups"])
    return [
        ("host", f"{host['name']}, environment {host['environment']}, groups {groups}"),
        ("follows", f"{host['branch']} of {host['repository']}"),
    ]


def _ago(when: float, now: float) -> str:
    return f", {duration(now - when)} ago" if when else ""
