"""Whether a commit may be applied on this host. All checks come before the work tree changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agent.host import Host
    from agent.repository import Repository
    from agent.state import State


def is_new_history(state: State, host: Host) -> bool:
    """Whether host.json names another repository or branch than the last attempt used."""
    names = ("repository", "branch")
    return bool(state.host) and any(state.host.get(name) != getattr(host, name) for name in names)


def refusal(repository: Repository, state: State, host: Host, commit: str) -> str:
    """Return why the commit may not be applied, "" if it may."""
    if state.applied and not repository.descends(commit, state.applied):
        return (
            f"branch {host.branch} was rewound or rewritten: its commit {commit[:12]} does not descend from"
            f" {state.applied[:12]}, which stays applied; to go back, revert on the branch;"
            " if the branch was rewritten on purpose, run `slipway-pull adopt` on this host"
        )
    return ""
