"""One fault of a running host at a time: `status` reports it, and the host repairs it without a person.

Each takes half a minute. `make test` runs those that no other fault resembles. `make faults` runs all of them and
prints the table of docs/operate.md.
"""

from collections.abc import Iterator

import pytest

from tests.rehearsal.assertions import served_by
from tests.rehearsal.chain import Chain, releasing
from tests.rehearsal.faults import FAULTS, Course, cause, table

pytestmark = [pytest.mark.slow, pytest.mark.rehearsal, pytest.mark.timeout(600)]

REPRESENTATIVE = {
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
    """The course of each fault; at the end they are printed as the table of docs/operate.md."""
    found: dict[str, Course] = {}
    yield found
    with request.config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
        print(f"\n{table(found)}")


def test_what_make_test_tries_is_in_the_list() -> None:
    assert set(FAULTS) >= REPRESENTATIVE


@pytest.mark.parametrize(
    "fault", [pytest.param(fault, marks=[] if fault in REPRESENTATIVE else pytest.mark.long) for fault in FAULTS]
)
def test_a_fault_is_reported_and_repaired(chain: Chain, courses: dict[str, Course], fault: str) -> None:
    courses[fault] = cause(releasing(chain.checkout), fault)
    served_by(chain, "1")
