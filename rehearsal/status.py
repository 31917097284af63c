"""The state of a rehearsal, for a person and as JSON."""

import json
import subprocess
from typing import Any

from containers.docker import is_running
from plugins.module_utils.slipway.release import version
from rehearsal import gateway, release_file, services
from rehearsal import state as states
from rehearsal.checkout import BRANCH, Checkout
from rehearsal.host import DATA, Host
from rehearsal.remote import Remote
from workstation.errors import CommandError

AGENT = (
    *("state", "reason", "result", "said", "health", "applied", "attempted", "head", "retry_at", "seconds"),
    *("scope", "roles"),
)


def view(checkout: Checkout) -> dict[str, Any]:
    """Return the whole state; raises CommandError where there is no rehearsal."""
    if not checkout.state.exists() or not checkout.remote.exists():
        raise CommandError("nothing is running in this checkout: run `make up` first")
    state, remote, host = states.read(checkout), Remote(checkout), Host(checkout)
    url = gateway.address(checkout, state)
    commit = remote.tip()
    document, problem = released(remote, commit)
    running = is_running(host.name)
    agent = host.agent_status()[0] if running else {}
    return {
        "url": url,
        "ca": str(checkout.ca),
        "mlflow_url": f"{url}/mlflow",
        "branch": BRANCH,
        "commit": commit,
        "models": {name: {"version": version(m)} | m for name, m in document.get("models", {}).items()},
        "image": document.get("image", ""),
        "release_problem": problem,
        "credentials": str(checkout.credentials),
        "remote": str(checkout.remote),
        "host": host.name,
        "running": running,
        "serves": serving(checkout, url),
        "problems": problems(checkout, url, running, bool(document)),
        "agent": {key: agent[key] for key in AGENT if key in agent},
        "disk": disk(host) if running else "",
    }


def released(remote: Remote, commit: str) -> tuple[release_file.Document, str]:
    """Return the release of the branch, or why it cannot be read."""
    try:
        return (release_file.read(remote, commit) if commit else {}), ""
    except CommandError as error:
        return {}, str(error)


def serving(checkout: Checkout, url: str) -> str:
    """Return the models that are being served, or why there are none."""
    if not checkout.ca.exists():
        return "nothing yet"
    try:
        status, answer = gateway.ask(checkout, f"{url}/version")
    except OSError as error:
        return f"nothing ({getattr(error, 'reason', error)})"
    if status != 200:
        return f"nothing ({status}: {answer})"
    return gateway.models(answer)


def problems(checkout: Checkout, url: str, running: bool, released: bool) -> dict[str, str]:
    """Return what does not answer, and why."""
    if not running:
        return {"host": "is not running: `make up` starts it"}
    if not checkout.ca.exists():
        return {"gateway": "has never answered yet: run `make up` again"}
    return services.problems(checkout, url, released=released)


def disk(host: Host) -> str:
    """Return the size of the host's own files and images."""
    command = ["docker", "exec", host.name, "du", "-shc", str(DATA), "/var/lib/docker"]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    return done.stdout.strip().splitlines()[-1].split()[0] if done.stdout.strip() else "unknown"


def lines(found: dict[str, Any]) -> list[str]:
    """Return the state as a person reads it."""
    agent = found["agent"]
    unknown = "not installed yet" if found["running"] else "unknown"
    state = agent.get("state", unknown) + (f": {why}" if (why := reason(agent)) else "")
    models = ", ".join(f"{name} {model['version']}" for name, model in found["models"].items()) or "nothing yet"
    release = f"{models}, image {found['image'].rpartition('@')[2][:19]}" if found["image"] else models
    rows = [
        ("API", f"{found['url']}/docs"),
        ("MLflow", f"{found['mlflow_url']}/ (login: {found['credentials']})"),
        ("serves", found["serves"]),
        ("release", found["release_problem"] or release),
        ("branch", f"{found['branch']} at {found['commit'][:8]} of {found['remote']}"),
        ("host", f"{found['host']}, {'running' if found['running'] else 'not running: `make up` starts it'}"),
        ("agent", state),
        ("disk", found["disk"]),
    ]
    return [f"{name:<8} {value}" for name, value in rows if value]


def reason(agent: dict[str, Any]) -> str:
    """Return why the agent is in its state, "" where nothing is wrong."""
    if agent.get("state") == "unhealthy":
        return "; ".join(f"{part}: {problem}" for part, problem in agent["health"].items() if problem)
    if agent.get("state") in ("in sync", "running"):
        return ""
    return str(agent.get("reason") or agent.get("said") or "")


def show(checkout: Checkout, as_json: bool) -> None:
    """Print the state; raises CommandError where something does not answer."""
    found = view(checkout)
    print(json.dumps(found, indent=1) if as_json else "\n".join(lines(found)), flush=True)
    if found["problems"]:
        raise CommandError(services.sentence(found["problems"]))
