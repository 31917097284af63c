"""The gateway keeps to the standards of HTTP/2, by the judgement of h2spec."""

import subprocess
import sys
from urllib.parse import urlsplit

import pytest

from tests.rehearsal.chain import Chain
from workstation.paths import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.rehearsal, pytest.mark.timeout(900)]


def test_the_gateway_speaks_http_2_as_the_standards_say(chain: Chain, capsys: pytest.CaptureFixture[str]) -> None:
    tool = [sys.executable, "-m", "tools.go_tool", "h2spec"]
    h2spec = subprocess.run(tool, check=True, stdout=subprocess.PIPE, text=True, cwd=ROOT).stdout.strip()
    url = urlsplit(chain.status()["url"])
    command = [
        h2spec,
        "--host",
        str(url.hostname),
        "--port",
        str(url.port),
        "--tls",
        "--insecure",
        "--path",
        "/healthz",
    ]
    # Its default of two seconds for an answer is short for a busy computer.
    done = subprocess.run([*command, "--timeout", "10"], check=False, stdout=subprocess.PIPE, text=True)
    summary = done.stdout.splitlines()[-1]
    with capsys.disabled():
        print(f"\nh2spec: {summary}")
    assert done.returncode == 0, done.stdout
    assert " 0 failed" in summary
