from pathlib import Path

import numpy as np
import pytest

from bench import answers, process_tree
from bench.serving.bodies import features
from bench.serving.server import Server, StartError
from bench.serving.targets import Target

TRUTH = np.array([1.5], dtype=np.float32)
# A server that answers 1.5 to anything, with a worker of its own that ignores SIGTERM.
PROGRAM = """
import http.server, json, signal, subprocess, sys
worker = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True); signal.pause()"
child = subprocess.Popen([sys.executable, "-c", worker], stdout=subprocess.PIPE)
child.stdout.readline()
class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.send_response(int(sys.argv[2]))
        self.end_headers()
        self.wfile.write(json.dumps({"predictions": [1.5]}).encode())
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""


def target(program: str, status: int = 200) -> Target:
    return Target("tiny", "/predict", features, lambda port: ["-c", program, str(port), str(status)], lambda _, __: {})


def test_a_server_is_asked_until_it_answers_and_stopped_with_its_workers(tmp_path: Path) -> None:
    with Server(target(PROGRAM), tmp_path) as server:
        assert server.wait_for_answer(b"{}", TRUTH) > 0
        pids = process_tree.tree(server.pid)
        assert len(pids) == 2
    assert not any(map(process_tree.alive, pids))


def test_a_wrong_answer_is_an_error(tmp_path: Path) -> None:
    with Server(target(PROGRAM), tmp_path) as server, pytest.raises(answers.WrongAnswer, match="tiny"):
        server.wait_for_answer(b"{}", TRUTH + 1)


def test_a_server_that_ends_is_an_error_with_the_end_of_its_log(tmp_path: Path) -> None:
    with (
        Server(target("raise SystemExit('no bundle here')"), tmp_path) as server,
        pytest.raises(StartError, match="no bundle here"),
    ):
        server.wait_for_answer(b"{}", TRUTH)


def test_byte_code_is_kept_so_that_a_cold_start_does_not_compile(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    environment = target("").environment(1, tmp_path)
    assert "PYTHONDONTWRITEBYTECODE" not in environment
    assert environment["OMP_NUM_THREADS"] == "1"
