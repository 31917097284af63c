"""Which model and which image each release of a series serves."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

KINDS = ("model", "image", "both")


@dataclass(frozen=True)
class Target:
    """What a release serves: the version of the model, and the image by its digest."""

    version: str
    image: str

    def changes(self, before: "Target") -> str:
        """Return which of KINDS the release is, after another one."""
        if self.version == before.version:
            return "image"
        return "model" if self.image == before.image else "both"


def plan(start: Target, versions: Sequence[str], images: Sequence[str], count: int) -> list[Target]:
    """Return the releases after `start`, each with another model, another image, or both, always in the same order.

    The last one changes both. What is served and what was served before then have nothing in common, so two plans end
    with the same number of bundles and images on the host.
    """
    rng = random.Random(0)  # noqa: S311  # not a secret
    targets = [start]
    # At least one of each kind in any three.
    kinds = [kind for _ in range(0, count, len(KINDS)) for kind in rng.sample(KINDS, len(KINDS))][: count - 1]
    for kind in [*kinds, "both"]:
        last = targets[-1]
        version = last.version if kind == "image" else _other(rng, versions, last.version)
        image = last.image if kind == "model" else _other(rng, images, last.image)
        targets.append(Target(version, image))
    return targets[1:]


def _other(rng: random.Random, choices: Sequence[str], last: str) -> str:
    return rng.choice([each for each in choices if each != last])
