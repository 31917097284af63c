"""What a person wants to know of the agent, from its files alone: asking never changes anything."""

import time
from typing import Any

from agent import host, lock, settings, state, uptime
from agent.errors import ConfigError
from agent.output import short, span
from agent.paths import Paths
from agent.state import CUT_OFF, State

View = dict[str, Any]
GOOD = ("in sync", "running")
BAD = ("refused", "unreachable", "misconfigured", "failed")
# The timer has not called the agent for so many intervals, and so many seconds: it will not by itself.
OVERDUE_INTERVALS, OVERDUE_SECONDS = 5, 120.0


def view(paths: Paths) -> View:
    """Return all of it; `state` is one word or two for how things are."""
    known = state.read(paths.state)
    running = lock.holder(paths.lock)
    shown = known._asdict()
    try:
        shown["host"] = host.read(paths)._asdict()
        shown["host_problem"] = ""
    except ConfigError as error:
        shown["host_problem"] = str(error)
    return {
        "state": _word(known, running is not None, settings.read(paths).interval_seconds),
        "running": running._asdict() if running else None,
        "last_run_seconds": _since(known) if known.result_at else None,
        **shown,
    }


def _word(known: State, running: bool, interval: float) -> str:
    if not running and not known.result_at:
        return "never ran"
    if not running and _since(known) > max(OVERDUE_INTERVALS * interval, OVERDUE_SECONDS):
        return "overdue"
    if any(known.health.values()):
        return "unhealthy"
    if running:
        return "running"
    if not known.settled:
        return "failing"
    if known.fallback:
        return "fallback"
    return known.result if known.result in BAD else "in sync"


def _since(known: State) -> float:
    """Return the seconds since the last run ended, at least: after a boot, those since the boot."""
    if not known.result_boot:
        return time.time() - known.result_at
    return uptime.seconds() - (known.result_uptime if known.result_boot == uptime.boot() else 0)


def lines(view: View) -> list[str]:
    """Return it for a person."""
    now = time.time()
    rows = _state(view, now) + _reason(view, now) + _health(view, now)
    rows += _commits(view, now) + _times(view, now) + _host(view)
    return [f"{name:<11} {value}" for name, value in rows]


def _state(view: View, now: float) -> list[tuple[str, str]]:
    running = view["running"]
    if not running:
        return [("state", view["state"])]
    under_way = f"for {span(now - running['since'])} (process {running['pid']})"
    return [
        (
            "state",
            f"running {under_way}"
            if view["state"] == "running"
            else f"{view['state']}, a run is under way {under_way}",
        )
    ]


def _reason(view: View, now: float) -> list[tuple[str, str]]:
    if view["state"] == "never ran":
        return [("reason", "the timer has not called slipway-pull yet, see docs/agent.md")]
    if view["state"] == "overdue":
        late = f"no run for {span(view['last_run_seconds'])}"
        return [("reason", f"{late}: `systemctl status slipway-pull.timer slipway-pull` tells why")]
    under_way = view["running"] and view["reason"] == CUT_OFF
    if view["failures"] and view["reason"] and not under_way:
        again = f"{view['failures']} failed, next in {span(view['retry_at'] - now)}"
        return [("reason", view["reason"]), ("attempt", again)]
    if view["fallback"]:
        return [("reason", f"the installed agent cannot start, the version before it runs: {view['fallback']}")]
    return [("reason", view["said"])] if view["result"] in BAD else []


def _health(view: View, now: float) -> list[tuple[str, str]]:
    rows = [(part, problem) for part, problem in view["health"].items() if problem]
    if rows and view["repairs"] and not view["running"]:
        why = f": {view['repair_reason']}" if view["repair_reason"] else ""
        rows.append(("repairs", f"{view['repairs']} did not help, next in {span(view['repair_at'] - now)}{why}"))
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
        rows.append(("full check", span(now - view["full_at"]) + " ago"))
    if view["seconds"]:
        limited = f", only {', '.join(view['scope'])}" if view["scope"] else ""
        rows.append(("Ansible", f"took {span(view['seconds'])}{limited}"))
    return rows


def _host(view: View) -> list[tuple[str, str]]:
    if view["host_problem"]:
        return [("host", view["host_problem"])]
    this = view["host"]
    groups = ", ".join(this["groups"])
    return [
        ("host", f"{this['name']}, environment {this['environment']}, groups {groups}"),
        ("follows", f"{this['branch']} of {this['repository']}"),
    ]


def _ago(when: float, now: float) -> str:
    return f", {span(now - when)} ago" if when else ""
