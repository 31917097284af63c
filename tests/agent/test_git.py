"""agent/git.py"""

import http.server
import os
import threading
from pathlib import Path

import pytest

from agent import git
from agent.errors import AgentError, RemoteError
from tests.agent.remotes import Remote


def test_it_tells_where_a_branch_is(remote: Remote) -> None:
    first = remote.commit({"a": "1"})
    other = remote.commit({"a": "2"}, branch="feature/prod")
    assert git.remote_head(str(remote.url), "prod", 30) == first
    assert git.remote_head(str(remote.url), "feature/prod", 30) == other


def test_a_branch_that_is_not_there_is_named(remote: Remote) -> None:
    remote.commit({"a": "1"})
    with pytest.raises(RemoteError, match=r"remote\.git has no branch 'prd'"):
        git.remote_head(str(remote.url), "prd", 30)


def test_a_repository_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(RemoteError, match=r"nothing cannot be read: .*does not appear to be a git repository"):
        git.remote_head(str(tmp_path / "nothing"), "prod", 30)


def test_a_name_that_does_not_resolve_is_told() -> None:
    with pytest.raises(RemoteError, match=r"https://git\.invalid/x cannot be read: .*git\.invalid"):
        git.remote_head("https://git.invalid/x", "prod", 30)


class Guarded(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(401)
        self.send_header("WWW-Authenticate", "Basic")
        self.end_headers()

    def log_message(self, *arguments: object) -> None:
        """Say nothing."""


def test_a_remote_that_asks_for_a_password_gets_none() -> None:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Guarded) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/x"
        with pytest.raises(RemoteError, match=r"cannot be read: could not read Username .*terminal prompts disabled"):
            git.remote_head(url, "prod", 30)
        server.shutdown()


def test_a_host_without_git_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(AgentError, match="git is not installed on this host"):
        git.remote_head("/x", "prod", 30)


def test_a_surrounding_git_does_not_show_through(remote: Remote, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a hook, where git tells the programs below it which repository to use."""
    commit = remote.commit({"a": "1"})
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    assert git.remote_head(str(remote.url), "prod", 30) == commit


def test_without_a_home_credentials_are_still_found() -> None:
    """systemd gives root's services none."""
    assert git.environment({})["HOME"] == os.path.expanduser("~")
    assert git.environment({"HOME": "/h"})["HOME"] == "/h"
