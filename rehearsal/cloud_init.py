"""The files that cloud-init reads on the host: the same bootstrap as on a cloud instance."""

import json
import string
from pathlib import Path

from rehearsal.checkout import BRANCH, ENVIRONMENT, Checkout
from rehearsal.servers import repository
from workstation.files import replace

TEMPLATE = Path("bootstrap") / "user-data.yml"


def user_data(root: Path, host: dict[str, object]) -> str:
    """Return bootstrap/user-data.yml with the values of a host."""
    template = string.Template((root / TEMPLATE).read_text(encoding="utf-8"))
    return template.substitute(host=json.dumps(host), repository=host["repository"], branch=host["branch"])


def write(checkout: Checkout, name: str) -> None:
    """Write cloud-init's files for the host of this name."""
    host: dict[str, object] = {
        "environment": ENVIRONMENT,
        "groups": ["api", "ops"],
        "repository": repository(),
        "branch": BRANCH,
        "name": name,
    }
    checkout.cloud_init.mkdir(exist_ok=True)
    replace(checkout.cloud_init / "user-data", user_data(checkout.root, host))
    replace(checkout.cloud_init / "meta-data", json.dumps({"instance-id": name, "local-hostname": name}) + "\n")
