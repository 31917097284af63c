"""The role `api` with `release_steps`: one commit sets them and brings a new release, which takes them at once."""

import contextlib
import os
import re
import subprocess
from collections.abc import Callable, Iterator

from testinfra.host import Host

from containers.scenarios.gateway import CA

UNITS = ("docker", "haproxy")
Converge = Callable[..., tuple[int, str]]
STEPS = [{"percent": 20, "seconds": 4}, {"percent": 50, "seconds": 4}]


@contextlib.contextmanager
def load() -> Iterator[None]:
    """Ask from inside of the host, over a kept connection, until the block ends."""
    # A limit, because the process in the container outlives the command outside of it.
    ask = f"timeout 120 curl --silent --output /dev/null --rate 50/s --cacert {CA} https://localhost/readyz?[1-100000]"
    with subprocess.Popen(["docker", "exec", os.environ["SLIPWAY_MACHINE"], "sh", "-c", ask]) as process:
        yield
        process.kill()


def served(host: Host) -> str:
    return str(host.check_output("docker ps --quiet --filter name=api-"))


def test_a_commit_that_brings_the_steps_takes_them_already(host: Host, converge: Converge) -> None:
    before = served(host)
    assert not host.file("/etc/slipway/shares.map").exists
    with load():
        # The container is another one with another setting.
        code, output = converge(tags="api", release_steps=STEPS, release_min_requests=20, api_log_sample_rate=0.5)
    assert code == 0, output
    assert served(host) != before
    assert len(served(host).split()) == 1
    for percent in (20, 50):
        assert re.search(rf"at {percent}% of the requests: 0 of \d+ failed, .*; no worse", output), output
    lines = host.file("/etc/slipway/shares.map").content_string.splitlines()
    assert all(line.startswith("#") for line in lines)
    # The tests of the other files want the scenario's own settings.
    code, output = converge(tags="api")
    assert code == 0, output
    assert "rand(100)" not in host.file("/etc/haproxy/slipway/api.cfg").content_string
