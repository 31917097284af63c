"""What breaks on a running host, one fault at a time: `status` tells it, and the host repairs it without a person.

Each takes half a minute. `make test` tries those that are told or repaired in a way of their own; the table of
docs/operate.md is of all: `make faults`.
"""

from collections.abc import Iterator

import pytest

from tests.rehearsal.assertions import served_by
from tests.rehearsal.chain import Chain, releasing
from tests.rehearsal.faults import FAULTS, Course, happen, table

pytestmark = [pytest.mark.slow, pytest.mark.rehearsal, pytest.mark.timeout(600)]

OF_THEIR_OWN = {
    "gateway stopped",
    "gateway's unit masked, and stopped",
    "gateway's configuration corrupted, and restarted",
    "Docker stopped",
    "API killed",
    "API's container removed",
    "API's link removed",
    "API's bundles deleted",
    "MLflow's container removed",
    "MLflow's route corrupted",
    "MLflow's secrets removed",
    "agent's checks removed",
}


@pytest.fixture(scope="module")
def courses(request: pytest.FixtureRequest) -> Iterator[dict[str, Course]]:
    """What became of each fault, printed as the table of docs/operate.md when all are over."""
    found: dict[str, Course] = {}
    yield found
    with request.config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
        print(f"\n{table(found)}")


def test_what_make_test_tries_is_in_the_list() -> None:
    assert set(FAULTS) >= OF_THEIR_OWN


@pytest.mark.parametrize(
    "fault", [pytest.param(fault, marks=[] if fault in OF_THEIR_OWN else pytest.mark.long) for fault in FAULTS]
)
def test_a_fault_is_told_and_repaired(chain: Chain, courses: dict[str, Course], fault: str) -> None:
    courses[fault] = happen(releasing(chain.checkout), fault)
    served_by(chain, "1")
