"""What one command leaves for the next: ports, images, the engine."""

import dataclasses
import json
from dataclasses import dataclass, field

from rehearsal.checkout import Checkout
from workstation.errors import CommandError
from workstation.files import replace


@dataclass
class State:
    """The keys of state.json; `keep` after a change."""

    https: int = 0  # the gateway's port on loopback
    registry: int = 0
    engine: int = 0  # the process of an engine that `up` started
    inputs: dict[str, str] = field(default_factory=dict)  # by image: the digest of what it was built from
    images: dict[str, str] = field(default_factory=dict)  # by image: its id
    pushed: dict[str, str] = field(default_factory=dict)  # by id: where hosts get it, by digest
    released: str = ""  # the API's image that `up` put into release.yml


def read(checkout: Checkout) -> State:
    """Return what was kept, a new one where there is none; raises CommandError for a damaged one."""
    try:
        return State(**json.loads(checkout.state.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return State()
    except (ValueError, TypeError) as error:
        raise CommandError(f"{checkout.state}: is damaged ({error}): `make down` and `make up` begin anew") from error


def save(checkout: Checkout, state: State) -> None:
    """Write it down, whole or not at all."""
    replace(checkout.state, json.dumps(dataclasses.asdict(state), indent=1) + "\n")
