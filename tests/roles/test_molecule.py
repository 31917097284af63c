"""Each role on a fresh machine, by Molecule: checked, converged twice, looked at by the tests in molecule/<role>.

The scenarios take minutes of which they wait a good part, so they run in the background of all other slow tests.
"""

from collections.abc import Iterator

import pytest

from containers.scenarios import runs as scenarios
from workstation.paths import ROOT

pytestmark = pytest.mark.timeout(900)
ROLES = scenarios.roles()


@pytest.fixture(scope="session")
def runs(request: pytest.FixtureRequest) -> Iterator[scenarios.Runs]:
    """The scenarios of this session's tests, started."""
    items = [item for item in request.session.items if isinstance(item, pytest.Function)]
    wanted = [str(item.callspec.params["role"]) for item in items if item.originalname == test_it_holds.__name__]
    with scenarios.running(wanted) as under_way:
        yield under_way


def test_every_role_has_a_scenario() -> None:
    assert sorted(path.parent.parent.name for path in ROOT.glob("roles/*/tasks/main.yml")) == ROLES


@pytest.mark.slow(at="start")
def test_the_scenarios_are_under_way(runs: scenarios.Runs) -> None:
    assert runs.outcomes


@pytest.mark.slow(at="end")
@pytest.mark.parametrize("role", ROLES)
def test_it_holds(role: str, runs: scenarios.Runs) -> None:
    code, output = runs.outcomes[role].result()
    # What went wrong, with the journal of the units concerned.
    print(output)
    assert code == 0
