"""An Ansible callback that writes the events of a run for the agent. It runs inside ansible-playbook.

It is part of the agent, not of plugins/: a run may begin before the checkout has any plugins.
"""

import json
import os
import time
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: slipway_report
type: notification
short_description: Write the events of a run for the pull agent
description: Writes one JSON object per line to the file that SLIPWAY_REPORT names, if it is set.
"""


class CallbackModule(CallbackBase):  # type: ignore[misc]  # Ansible publishes no types
    """Events: {play, pattern}, {unmatched}, {task, role}, {failed, role, handler, result}, {roles}."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "slipway_report"

    def __init__(self) -> None:
        """Disable the callback if no file is set."""
        super().__init__()
        self._path = os.environ.get("SLIPWAY_REPORT")
        self._roles: dict[str, float] = {}
        self._role = ""
        self._since = time.monotonic()
        if not self._path:
            self.disabled = True

    def v2_playbook_on_play_start(self, play: Any) -> None:
        """Record a play, whether or not it is for this host."""
        pattern = play.hosts if isinstance(play.hosts, str) else ",".join(map(str, play.hosts))
        self._write(play=play.get_name(), pattern=pattern)

    def v2_playbook_on_no_hosts_matched(self) -> None:
        """Record that the last play is not for this host."""
        self._write(unmatched=True)

    def v2_playbook_on_task_start(self, task: Any, is_conditional: bool) -> None:
        """Record the start of a task."""
        self._begin(task)

    def v2_playbook_on_handler_task_start(self, task: Any) -> None:
        """Record the start of a handler."""
        self._begin(task)

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        """Record a failure; a rescue may still follow."""
        if not ignore_errors:
            self._fail(result)

    def v2_runner_on_unreachable(self, result: Any) -> None:
        """Record a failed connection."""
        self._fail(result)

    def v2_playbook_on_stats(self, stats: Any) -> None:
        """Record the seconds of each role, at the end."""
        self._clock("")
        self._write(roles={role: round(seconds, 3) for role, seconds in self._roles.items()})

    def _begin(self, task: Any) -> None:
        self._clock(_role(task))
        self._write(task=task.name or task.action, role=self._role)

    def _clock(self, role: str) -> None:
        now = time.monotonic()
        if self._role:
            self._roles[self._role] = self._roles.get(self._role, 0.0) + now - self._since
        self._role, self._since = role, now

    def _fail(self, result: Any) -> None:
        task = result.task
        handler = type(task).__name__ == "Handler"
        kept = {key: value for key, value in result.result.items() if key in ("msg", "stderr", "censored")}
        loops = [each for each in result.result.get("results", []) if isinstance(each, dict) and each.get("failed")]
        for each in loops[:1]:
            kept |= {key: value for key, value in each.items() if key in ("msg", "stderr", "censored")}
        self._write(failed=task.name or task.action, role=_role(task), handler=handler, result=kept)

    def _write(self, **event: Any) -> None:
        # Opened for each event, so that all lines are complete however Ansible ends.
        with open(str(self._path), "a", encoding="utf-8") as file:
            file.write(json.dumps(event, default=str) + "\n")


def _role(task: Any) -> str:
    role = task._role
    return role.get_name() if role else ""
