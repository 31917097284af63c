"""No client gets the answer of another request, whatever is stopped, killed, released or reloaded.

Every gateway and every way to release has to pass this. The tests print the failed requests of each event, by status.
"""

import sys
from collections.abc import Callable, Iterator

import pytest

from bench.known import Known
from bench.load import Load
from bench.series import left_over
from bench.series.run import RENEW_AFTER, Series
from containers.docker import docker
from rehearsal.progress import Progress
from tests.rehearsal.assertions import served_by
from tests.rehearsal.chain import Chain, releasing

pytestmark = [pytest.mark.slow, pytest.mark.rehearsal, pytest.mark.timeout(900)]
REQUESTS_A_SECOND = 60
# During the releases: of the clients of all kinds, and of those with single rows.
RATES = (60.0, 60.0)
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


@pytest.fixture
def another_image(chain: Chain) -> Iterator[str]:
    """The name of an image of the API that differs from the one that is released."""
    name = f"slipway-another:{chain.checkout.identity}"
    container = docker("create", f"slipway-api:{chain.checkout.identity}")
    try:
        docker("commit", "--change", "ENV ANOTHER=1", container, name)
        yield name
    finally:
        docker("rm", container)
        docker("image", "rm", name)


def test_releases_in_a_row_a_reload_and_a_renewal_answer_every_request_and_leave_nothing_over(
    chain: Chain, second: str, another_image: str, capsys: pytest.CaptureFixture[str]
) -> None:
    releases = releasing(chain.checkout)
    pins = {version: releases.pin(f"models:/california/{version}") for version in ("1", second)}
    models = {version: (pin, chain.bundle(version)) for version, pin in pins.items()}
    images = [releases.image(name) for name in (f"slipway-api:{chain.checkout.identity}", another_image)]
    with capsys.disabled():
        print()
        series = Series(releases, models, images, Progress(sys.stdout))
        # From now on, the host has two bundles and two images. The short form of `make bench-release --releases`.
        series.run(1, RATES)
        before = left_over.settled(releases.host)
        series.run(RENEW_AFTER - 1, RATES)
        after = left_over.settled(releases.host, before)
        series.restore()
    served_by(chain, "1")
    assert not series.wrong()
    assert not series.failed()
    assert after.excess(before) == {}
    assert {version for load in series.loads for version in load.served} == {"1", second}
