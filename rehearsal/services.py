"""Whether the host's services answer: gateway, API and MLflow."""

import time

from rehearsal import gateway
from rehearsal.checkout import Checkout
from rehearsal.host import Host
from rehearsal.progress import Progress
from workstation.errors import CommandError

POLL_SECONDS = 0.5
# A repair may need a poll, a full run, and a new MLflow container.
ANSWERS_WITHIN_SECONDS = 240
PATHS = {"MLflow": "/mlflow/health", "API": "/readyz"}


def problems(checkout: Checkout, url: str, *, released: bool) -> dict[str, str]:
    """Return why a service does not answer, by service; before the first release there is no API to ask."""
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
    """Return the problems as one line."""
    return "; ".join(f"{name}: {problem}" for name, problem in found.items())


def await_all(checkout: Checkout, host: Host, url: str, progress: Progress, *, released: bool) -> None:
    """Return when every service answers; the host repairs them by itself. Raises CommandError if it does not."""
    deadline = time.monotonic() + ANSWERS_WITHIN_SECONDS
    if problems(checkout, url, released=released):
        host.poll_now()
    while found := problems(checkout, url, released=released):
        if time.monotonic() > deadline:
            agent = host.agent_status()[0]
            health = sentence({part: problem for part, problem in agent.get("health", {}).items() if problem})
            raise CommandError(
                f"{sentence(found)}. The host has not repaired it within {ANSWERS_WITHIN_SECONDS} s"
                f" ({health or agent.get('said', 'its agent reports nothing')}): run `make shell`, then"
                " `slipway-pull status`"
            )
        progress.news(f"waiting for the host to repair {' and '.join(found)}")
        time.sleep(POLL_SECONDS)
