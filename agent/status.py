"""What a person wants to know of the agent, from its files alone: asking never changes anything."""

import dataclasses
import time
from typing import Any

from agent import host, lock, state
from agent.errors import ConfigError
from agent.output import short, span
from agent.paths import Paths
from agent.state import CUT_OFF, State

View = dict[str, Any]
GOOD = ("in sync", "running")


def view(paths: Paths) -> View:
    """Return all of it; `state` is one word or two for how things are."""
    known = state.read(paths.state)
    running = lock.holder(paths.lock)
    shown = dataclasses.asdict(known)
    try:
        shown["host"] = dataclasses.asdict(host.read(paths))
        shown["host_problem"] = ""
    except ConfigError as error:
        shown["host_problem"] = str(error)
    return {
        "state": "running" if running else _word(known),
        "running": dataclasses.asdict(running) if running else None,
        **shown,
    }


def _word(known: State) -> str:
    if not known.result_at:
        return "never ran"
    if not known.settled:
        return "failing"
    return known.result if known.result in ("refused", "unreachable", "misconfigured", "failed") else "in sync"


def lines(view: View) -> list[str]:
    """Return it for a person."""
    now = time.time()
    rows = [("state", view["state"])]
    if view["running"]:
        rows[0] = ("state", f"running for {span(now - view['running']['since'])} (process {view['running']['pid']})")
    under_way = view["running"] and view["reason"] == CUT_OFF
    if view["failures"] and view["reason"] and not under_way:
        rows.append(("reason", view["reason"]))
        rows.append(("attempt", f"{view['failures']} failed, next in {span(view['retry_at'] - now)}"))
    elif view["state"] not in GOOD:
        rows.append(("reason", view["said"] or "the timer has not called slipway-pull yet, see docs/agent.md"))
    rows += _commits(view, now) + _times(view, now) + _host(view)
    return [f"{name:<11} {value}" for name, value in rows]


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
