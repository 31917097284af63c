"""What breaks on a running host, one fault at a time: `status` tells it, and the host repairs it without a person."""

from collections.abc import Iterator

import pytest

from tests.rehearsal.chain import Chain, releasing
from tests.rehearsal.faults import FAULTS, Course, happen, table
from tests.rehearsal.holds import served_by

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def courses(request: pytest.FixtureRequest) -> Iterator[dict[str, Course]]:
    """What became of each fault, printed as the table of docs/operate.md when all are over."""
    found: dict[str, Course] = {}
    yield found
    with request.config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
        print(f"\n{table(found)}")


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_told_and_repaired(chain: Chain, courses: dict[str, Course], fault: str) -> None:
    courses[fault] = happen(releasing(chain.place), fault)
    served_by(chain, "1")
