"""What a user of the rehearsal asks: whether gateway, API and MLflow answer."""

import time

from rehearsal import gateway
from rehearsal.checkout import Checkout
from rehearsal.host import Host
from rehearsal.progress import Progress
from workstation.errors import CommandError

LOOKS_EVERY_SECONDS = 0.5
# A poll of the host, a run of everything, and a new MLflow: that is what a repair may take.
ANSWERS_WITHIN_SECONDS = 240
PATHS = {"MLflow": "/mlflow/health", "API": "/readyz"}


def problems(checkout: Checkout, url: str, *, released: bool) -> dict[str, str]:
    """Return for each service that does not answer why; without a release there is no API to ask."""
    found: dict[str, str] = {}
    for name, path in PATHS.items():
        if name == "API" and not released:
            continue
        try:
            status, answer = gateway.ask(checkout, f"{url}{path}")
        except OSError as error:
            return {"gateway": f"{url} does not answer ({getattr(error, 'reason', error)})"}
        if status != 200:
            found[name] = f"{url}{path} answers {status}: {str(answer)[:200]}"
    return found


def sentence(found: dict[str, str]) -> str:
    """Return it for a person."""
    return "; ".join(f"{name}: {problem}" for name, problem in found.items())


def await_all(checkout: Checkout, host: Host, url: str, progress: Progress, *, released: bool) -> None:
    """Return when all of them answer, which the host sees to by itself; raises CommandError where they do not."""
    deadline = time.monotonic() + ANSWERS_WITHIN_SECONDS
    if problems(checkout, url, released=released):
        host.nudge()
    while found := problems(checkout, url, released=released):
        if time.monotonic() > deadline:
            agent = host.look()[0]
            said = "; ".join(f"{part}: {problem}" for part, problem in agent.get("health", {}).items() if problem)
            raise CommandError(
                f"{sentence(found)}. The host has not repaired it within {ANSWERS_WITHIN_SECONDS} s"
                f" ({said or agent.get('said', 'its agent says nothing')}): `make shell`, then `slipway-pull status`"
            )
        progress.news(f"waiting for the host to repair {' and '.join(found)}")
        time.sleep(LOOKS_EVERY_SECONDS)
