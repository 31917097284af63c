"""`make up`: the chain from the checkout to an answer, each link only where it is not there."""

import json
import shlex

from rehearsal import builds, engine, gateway, registry, release_file, servers, services, snapshot
from rehearsal import state as states
from rehearsal.checkout import Checkout
from rehearsal.follow import Failed, until_applied
from rehearsal.host import Host
from rehearsal.progress import Progress
from rehearsal.release_file import Pin
from rehearsal.releases import Releases, example
from rehearsal.remote import Remote
from rehearsal.state import State
from rehearsal.tracking import Tracking
from workstation.errors import CommandError

MODEL = "california"
JSON = "-H 'content-type: application/json'"


def up(checkout: Checkout, progress: Progress) -> None:
    """Have all of it, and say how to ask it."""
    checkout.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    state = states.read(checkout)
    api = ground(checkout, state, progress)
    host, commit = boot(checkout, state, progress)
    tracking = Tracking(checkout, state)
    with host.fetching(registry.pushed(state, "mlops"), api):
        converge(host, commit, progress)
        with progress.step("taking the certificate and MLflow's login from the host"):
            gateway.trust(checkout, host)
            tracking.log_in(host)
        with progress.step("what the host runs answers"):
            released = bool(release_file.read(Remote(checkout), commit))
            services.await_all(checkout, host, gateway.address(checkout, state), progress, released=released)
        serve(checkout, state, progress, tracking, api)
    finish(checkout, state, progress, tracking)


def ground(checkout: Checkout, state: State, progress: Progress) -> str:
    """Have engine, images, remote and registry; return the API's image by digest."""
    with progress.step("Docker Engine"):
        progress.result(engine.start(checkout, state))
    with progress.step("images host, api and mlops"):
        progress.result(", ".join(builds.build(checkout, state, progress)) or "nothing changed")
    with progress.step("git remote and registry"):
        Remote(checkout)
        progress.result(", ".join(servers.start(checkout, state)) or "run")
    with progress.step("images into the registry"):
        registry.push(checkout, state, state.images["mlops"], "mlops")
        return registry.push(checkout, state, state.images["api"], "api")


def boot(checkout: Checkout, state: State, progress: Progress) -> tuple[Host, str]:
    """Have a host that runs, and the checkout as it is as a commit on its branch."""
    host = Host(checkout)
    with progress.step("the checkout as a commit for the host"):
        commit = snapshot.take(checkout, Remote(checkout), {"mlflow_image": registry.pushed(state, "mlops")})
        progress.result(commit[:8])
    with progress.step("the host"):
        progress.result(host.up(state, progress))
    return host, commit


def converge(host: Host, commit: str, progress: Progress) -> None:
    """Have the host at the commit."""
    with progress.step("the host follows its branch"):
        try:
            if host.has_timer():
                host.nudge()
            until_applied(host, commit, progress)
        except Failed as failed:
            raise CommandError(
                f"the host could not become what its branch says: {failed}. It tries again by itself: `make up` goes on"
                " from here once it has; `make shell` looks at it"
            ) from failed
        progress.result("in sync")


def serve(checkout: Checkout, state: State, progress: Progress, tracking: Tracking, api: str) -> None:
    """Have a release that serves: the first, or this checkout's API in place of the one that `up` released before."""
    releases = Releases(checkout, state, progress)
    document = release_file.read(releases.remote, releases.remote.tip())
    if not document:
        pin = trained(checkout, progress, tracking, releases)
        releases.make(pin, api)
    elif document["image"] == state.released != api:
        releases.make(None, api)
    else:
        with progress.step("what is released"):
            progress.result(releases.await_served(releases.remote.tip(), document))
        return
    state.released = api
    states.save(checkout, state)


def trained(checkout: Checkout, progress: Progress, tracking: Tracking, releases: Releases) -> Pin:
    """Return the newest version of the model, trained now where there is none."""
    with progress.step("training a model, against the host's MLflow"):
        found = tracking.newest(MODEL)
        if found:
            number, said = str(found["version"]), "is in the registry already"
        else:
            made = tracking.train(progress)
            number = str(made["version"])
            said = f"R2 {made['metrics']['r2']:.3f}" + (", of made-up data" if made["data"] == "generated" else "")
        progress.result(f"{MODEL} {number} {said}")
    return releases.pin(f"models:/{MODEL}/{number}")


def finish(checkout: Checkout, state: State, progress: Progress, tracking: Tracking) -> None:
    """Ask for a prediction, and print what a person needs to go on."""
    releases = Releases(checkout, state, progress)
    document = release_file.read(releases.remote, releases.remote.tip())
    with progress.step("gateway, API and MLflow answer"):
        services.await_all(checkout, releases.host, releases.url, progress, released=True)
    body = example(releases.host, document["models"][document["default_model"]]["sha256"])
    url = f"{releases.url}/predict"
    with progress.step("a prediction"):
        status, answer = gateway.require(checkout, url, json.loads(body))
        if status != 200:
            raise CommandError(f"{url} answers {status}: {answer}")
        progress.result(str(answer["predictions"]))
    line = f"curl -sS --cacert {shlex.quote(str(checkout.ca))} {url} {JSON} -d {shlex.quote(body)}"
    print(
        f"\n  API      {releases.url}/docs\n  MLflow   {tracking.url}/ (login: {checkout.credentials})\n"
        f"  ask it   {line}\n",
        flush=True,
    )
