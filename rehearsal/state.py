"""What one command keeps for the next: ports, images, the engine."""

import dataclasses
import json
from dataclasses import dataclass, field

from rehearsal.checkout import Checkout
from workstation.errors import CommandError
from workstation.files import replace


@dataclass
class State:
    """The keys of state.json; call `save` after a change."""

    https: int = 0  # the gateway's port on loopback
    registry: int = 0
    engine: int = 0  # process id of the engine that `up` started
    inputs: dict[str, str] = field(default_factory=dict)  # digest of each image's inputs, by name
    images: dict[str, str] = field(default_factory=dict)  # id of each image, by name
    pushed: dict[str, str] = field(default_factory=dict)  # reference by digest of each pushed image, by id
    released: str = ""  # the API's image that `up` put into release.yml


def read(checkout: Checkout) -> State:
    """Return the saved state, an empty one where there is none; raises CommandError for a damaged one."""
    try:
        return State(**json.loads(checkout.state.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return State()
    except (ValueError, TypeError) as error:
        raise CommandError(f"{checkout.state} is damaged ({error}): run `make down`, then `make up`") from error


def save(checkout: Checkout, state: State) -> None:
    """Replace the saved state."""
    replace(checkout.state, json.dumps(dataclasses.asdict(state), indent=1) + "\n")
