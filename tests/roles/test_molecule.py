"""Each role on a fresh machine, by Molecule: checked, converged twice, looked at by the tests in molecule/<role>."""

from collections.abc import Iterator

import pytest
import scenarios
from common import ROOT

# Images are pushed for the first of them.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
ROLES = scenarios.roles()


@pytest.fixture(scope="session")
def given() -> Iterator[scenarios.Given]:
    with scenarios.supplies(ROLES) as found:
        yield found


def test_every_role_has_a_scenario() -> None:
    assert sorted(path.parent.parent.name for path in ROOT.glob("roles/*/tasks/main.yml")) == ROLES


@pytest.mark.parametrize("role", ROLES)
def test_it_holds(role: str, given: scenarios.Given) -> None:
    # Molecule prints what went wrong, with the journal of the units concerned.
    assert scenarios.run(role, *given.get(role, ())) == 0
