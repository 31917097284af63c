"""No client gets the answer of another request, whatever is stopped, killed, released or reloaded.

Every gateway and every way to release has to pass this. The tests print the failed requests of each event, by status.
"""

from collections.abc import Callable

import pytest

from bench.known import Known
from bench.load import Load
from tests.rehearsal.assertions import served_by
from tests.rehearsal.chain import Chain

pytestmark = [pytest.mark.slow, pytest.mark.rehearsal, pytest.mark.timeout(900)]
REQUESTS_A_SECOND = 60
# Right answers that every client gets before an event and after it.
ANSWERS = 5
# Commands on the host; $api is the container that serves, $pid its main process.
FAULTS = {
    "the API restarted": "docker restart $api",
    "the API stopped for three seconds, and started": "docker stop $api && sleep 3 && docker start $api",
    "the API's main process killed": "kill -9 $pid",
    "a worker of the API killed": "kill -9 $(pgrep -P $pid | head -n 1)",
    "the gateway killed": "systemctl kill --signal=KILL haproxy",
    "the gateway restarted": "systemctl restart haproxy",
}
API = """
set -eu
api=$(docker ps --filter name=api- --format '{{.Names}}')
pid=$(docker inspect --format '{{.State.Pid}}' $api)
"""
Loaded = Callable[[], Load]


@pytest.fixture(scope="module")
def loaded(chain: Chain, second: str) -> Loaded:
    """Return a function that starts a load of concurrent clients, each with rows of its own."""
    known = Known({version: chain.bundle(version) for version in ("1", second)})
    return lambda: Load(f"{chain.status()['url']}/predict", chain.checkout.ca, known, REQUESTS_A_SECOND)


def show(capsys: pytest.CaptureFixture[str], event: str, load: Load) -> None:
    with capsys.disabled():
        print(f"\n{event}: {load}")


@pytest.mark.parametrize("event", FAULTS)
def test_a_fault_gives_no_client_the_answer_of_another(
    chain: Chain, loaded: Loaded, capsys: pytest.CaptureFixture[str], event: str
) -> None:
    with loaded() as load:
        load.more(ANSWERS)
        assert not load.failed
        chain.on_host("sh", "-c", API + FAULTS[event])
        load.more(ANSWERS)
    show(capsys, event, load)
    assert not load.wrong


def test_a_reload_of_the_gateway_gives_no_answer_but_the_right_ones(
    chain: Chain, loaded: Loaded, capsys: pytest.CaptureFixture[str]
) -> None:
    with loaded() as load:
        for _ in range(10):
            load.more(1)
            chain.on_host("systemctl", "reload", "haproxy")
        load.more(ANSWERS)
    show(capsys, "the gateway reloaded ten times", load)
    assert not load.wrong
    # HAProxy ends HTTP/2 connections with GOAWAY, and httpx then gives up requests that would be answered. So closed
    # connections are only counted.
    assert not [what for what in load.failed if what.isdigit() or what.startswith("fresh HTTP/1.1")]


def test_a_release_and_a_rollback_answer_every_request(
    chain: Chain, loaded: Loaded, second: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with loaded() as load:
        chain.make("release", f"MODEL=models:/california/{second}")
        served_by(chain, second)
        load.more(ANSWERS)
        chain.make("rollback")
        served_by(chain, "1")
        load.more(ANSWERS)
    show(capsys, "a release and a rollback", load)
    assert not load.wrong
    assert not load.failed
    assert min(load.served["1"], load.served[second]) > REQUESTS_A_SECOND
