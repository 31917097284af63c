"""`make up`: the whole chain from the checkout to a prediction. What is there already is not made again."""

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
    """Start everything, and print how to send a request."""
    checkout.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    state = states.read(checkout)
    api = prepare(checkout, state, progress)
    host, commit = boot(checkout, state, progress)
    tracking = Tracking(checkout, state)
    with host.pulling(registry.pushed(state, "mlops"), api):
        converge(host, commit, progress)
        with progress.step("reading the gateway's certificate and MLflow's login from the host"):
            gateway.trust(checkout, host)
            tracking.log_in(host)
        with progress.step("checking that the host's services answer"):
            released = bool(release_file.read(Remote(checkout), commit))
            services.await_all(checkout, host, gateway.address(checkout, state), progress, released=released)
        release(checkout, state, progress, tracking, api)
    finish(checkout, state, progress, tracking)


def prepare(checkout: Checkout, state: State, progress: Progress) -> str:
    """Start engine, git server and registry, and build and push the images; return the API's image by digest."""
    with progress.step("starting Docker Engine"):
        progress.result(engine.start(checkout, state))
    with progress.step("building the images host, api and mlops"):
        progress.result(", ".join(builds.build(checkout, state, progress)) or "nothing changed")
    with progress.step("starting the git server and the registry"):
        Remote(checkout)
        progress.result(", ".join(servers.start(checkout, state)) or "were running")
    with progress.step("pushing the images to the registry"):
        registry.push(checkout, state, state.images["mlops"], "mlops")
        return registry.push(checkout, state, state.images["api"], "api")


def boot(checkout: Checkout, state: State, progress: Progress) -> tuple[Host, str]:
    """Commit the checkout as it is to the host's branch, and start the host; return it and the commit."""
    host = Host(checkout)
    with progress.step("committing the checkout to the host's branch"):
        commit = snapshot.take(checkout, Remote(checkout), {"mlflow_image": registry.pushed(state, "mlops")})
        progress.result(commit[:8])
    with progress.step("starting the host"):
        progress.result(host.start(state, progress))
    return host, commit


def converge(host: Host, commit: str, progress: Progress) -> None:
    """Wait until the host has applied the commit."""
    with progress.step(f"waiting for the host to apply {commit[:8]}"):
        try:
            if host.has_timer():
                host.poll_now()
            until_applied(host, commit, progress)
        except Failed as failed:
            raise CommandError(
                f"the host could not apply {commit[:8]}: {failed}. The host keeps trying: run `make up` again later, or"
                " look around on the host with `make shell`"
            ) from failed
        progress.result("in sync")


def release(checkout: Checkout, state: State, progress: Progress, tracking: Tracking, api: str) -> None:
    """Release the model where nothing is released yet, or this checkout's API in place of the one `up` released."""
    releases = Releases(checkout, state, progress)
    document = release_file.read(releases.remote, releases.remote.tip())
    if not document:
        pin = train(checkout, progress, tracking, releases)
        releases.release(pin, api)
    elif document["image"] == state.released != api:
        releases.release(None, api)
    else:
        with progress.step("checking that the current release is served"):
            progress.result(releases.await_served(releases.remote.tip(), document))
        return
    state.released = api
    states.save(checkout, state)


def train(checkout: Checkout, progress: Progress, tracking: Tracking, releases: Releases) -> Pin:
    """Return the newest version of the model; train one if MLflow has none."""
    with progress.step("training a model with the host's MLflow"):
        found = tracking.newest(MODEL)
        if found:
            number, result = str(found["version"]), "is registered already"
        else:
            trained = tracking.train(progress)
            number, data = str(trained["version"]), " on generated data" if trained["data"] == "generated" else ""
            result = f"has R2 {trained['metrics']['r2']:.3f}{data}"
        progress.result(f"{MODEL} {number} {result}")
    return releases.pin(f"models:/{MODEL}/{number}")


def finish(checkout: Checkout, state: State, progress: Progress, tracking: Tracking) -> None:
    """Request a prediction, and print addresses, login and a command to try."""
    releases = Releases(checkout, state, progress)
    document = release_file.read(releases.remote, releases.remote.tip())
    with progress.step("checking that gateway, API and MLflow answer"):
        services.await_all(checkout, releases.host, releases.url, progress, released=True)
    body = example(releases.host, document["models"][document["default_model"]]["sha256"])
    url = f"{releases.url}/predict"
    with progress.step("requesting a prediction"):
        status, answer = gateway.require(checkout, url, json.loads(body))
        if status != 200:
            raise CommandError(f"{url} answers {status}: {answer}")
        progress.result(str(answer["predictions"]))
    line = f"curl -sS --cacert {shlex.quote(str(checkout.ca))} {url} {JSON} -d {shlex.quote(body)}"
    print(
        f"\n  API      {releases.url}/docs\n  MLflow   {tracking.url}/ (login: {checkout.credentials})\n"
        f"  try it   {line}\n",
        flush=True,
    )
