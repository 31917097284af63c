"""What cloud-init finds on the host: the same bootstrap as on an instance of a cloud."""

import json
import string
from pathlib import Path

from rehearsal.files import replace
from rehearsal.forge import repository
from rehearsal.place import BRANCH, ENVIRONMENT, Place

TEMPLATE = Path("bootstrap") / "user-data.yml"


def user_data(root: Path, host: dict[str, object]) -> str:
    """Return the bootstrap for a host."""
    template = string.Template((root / TEMPLATE).read_text(encoding="utf-8"))
    return template.substitute(host=json.dumps(host), repository=host["repository"], branch=host["branch"])


def write(place: Place, name: str) -> None:
    """Write the seed for the host of this name."""
    host: dict[str, object] = {
        "environment": ENVIRONMENT,
        "groups": ["api", "ops"],
        "repository": repository(),
        "branch": BRANCH,
        "name": name,
    }
    place.seed.mkdir(exist_ok=True)
    replace(place.seed / "user-data", user_data(place.root, host))
    replace(place.seed / "meta-data", json.dumps({"instance-id": name, "local-hostname": name}) + "\n")
