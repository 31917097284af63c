"""Calls git; errors become one-line messages."""

import errno
import os
import re
from collections.abc import Mapping

from agent import process
from agent.errors import AgentError, RemoteError
from agent.process import Finished

# A surrounding git, such as a hook, sets these variables; they would override our arguments.
LOCAL = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_COMMON_DIR", "GIT_NAMESPACE")

FULL = (os.strerror(errno.ENOSPC), os.strerror(errno.EDQUOT))


def environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment for git: no password prompts, English messages."""
    kept = {key: value for key, value in environ.items() if key not in LOCAL and key != "LANGUAGE"}
    # systemd sets no HOME for services of root, but git and ssh look for credentials there.
    return {"HOME": os.path.expanduser("~")} | kept | {"GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C.UTF-8"}


def run(*arguments: str, limit: float) -> Finished:
    """Run git; raises AgentError if it is not installed."""
    try:
        return process.capture(["git", *arguments], limit=limit, env=environment(os.environ))
    except FileNotFoundError:
        raise AgentError("git is not installed on this host") from None


def remote_head(url: str, branch: str, limit: float) -> str:
    """Return the branch's commit on the remote; raises RemoteError."""
    done = run("ls-remote", "--", url, f"refs/heads/{branch}", limit=limit)
    check(done, url, limit)
    match = re.search(rf"^([0-9a-f]{{40,64}})\trefs/heads/{re.escape(branch)}$", done.output, re.MULTILINE)
    if match is None:
        raise RemoteError(f"{url} has no branch {branch!r}")
    return match[1]


def check(done: Finished, url: str, limit: float) -> None:
    """Raise RemoteError if a call to the remote failed, AgentError if this host's disk is full."""
    lines = [line for line in done.errors.splitlines() if not line.startswith("remote:")]
    if full := next((line for line in lines if line.endswith(FULL)), ""):
        raise AgentError(f"this host's disk is full: {full.strip()}")
    if done.timed_out:
        raise RemoteError(f"{url} did not answer within {limit:.0f} s")
    if done.code:
        raise RemoteError(f"{url} cannot be read: {complaint(done)}")


def complaint(done: Finished) -> str:
    """Return the reason that git printed, in one line."""
    lines = [line.strip() for line in done.errors.splitlines() if line.strip()]
    reasons = [line for line in lines if line.startswith(("fatal:", "error:", "ssh:"))] or lines
    return reasons[0].removeprefix("fatal: ").removeprefix("error: ") if reasons else f"git: exit code {done.code}"
