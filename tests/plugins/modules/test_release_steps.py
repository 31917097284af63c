"""A release in steps: a fake gateway shares requests between both colours and counts their answers."""

import json
import shutil
import time
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from plugins.module_utils.slipway import progress
from plugins.module_utils.slipway.answers import TABLE, Answers, Watch
from plugins.module_utils.slipway.colours import Colours
from plugins.module_utils.slipway.deployment import Deployment, DeploymentError
from plugins.modules import slipway_release
from tests.plugins import fake_haproxy, killing
from tests.plugins.fake_haproxy import FakeHAProxy
from tests.plugins.modules import test_slipway_release
from tests.plugins.modules.test_slipway_release import Host, alter

host = test_slipway_release.host
STEPS = [{"percent": 5, "seconds": 0.02}, {"percent": 50, "seconds": 0.02}]
# Answers, failures, answers whose time was taken, microseconds. In each test blue serves, and green is new.
GOOD = {"blue": [1000, 0, 1000, 2_900_000], "green": [60, 0, 60, 180_000]}


@pytest.fixture
def gateway(host: Host, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeHAProxy]:
    monkeypatch.setattr(progress, "POLL_SECONDS", 0.005)
    with fake_haproxy.listening(host.folder.parent / "master.sock") as process:
        process.maps[shares_file(host)] = []
        process.tables[TABLE] = {}
        yield process


def shares_file(host: Host) -> str:
    return str(host.release(1)["shares"])


def release(host: Host, number: int, **settings: Any) -> dict[str, Any]:
    return host.release(number) | {"steps": STEPS} | settings


def written(process: FakeHAProxy, host: Host) -> None:
    """Assert that no shares are left, in the file and in the gateway."""
    assert process.maps[shares_file(host)] == []
    assert not progress.shares(host.release(1))


def check_taken_back(process: FakeHAProxy, host: Host) -> None:
    """Assert that the first release serves alone, and that no shares are left."""
    assert host.serving() == host.name(host.release(1))
    assert host.published() == {host.serving()}
    assert list(host.engine.read()["containers"]) == ["api-blue"]
    host.check_tidy()
    written(process, host)


def refusal(host: Host, **settings: Any) -> str:
    with pytest.raises(DeploymentError) as raised:
        host.converge(release(host, 2, **settings))
    return str(raised.value)


def test_a_healthy_release_takes_each_step(host: Host, gateway: FakeHAProxy, monkeypatch: pytest.MonkeyPatch) -> None:
    host.converge(release(host, 1))
    assert gateway.commands == []
    gateway.growth = GOOD
    shared: list[int] = []
    monkeypatch.setattr(progress.Progress, "share", noting(shared, progress.Progress.share))
    steps = host.converge(release(host, 2))["steps"]
    assert shared == [0, 5, 50, 100]
    assert [sentence.partition(":")[0] for sentence in steps] == [f"at {n}% of the requests" for n in (5, 50)]
    assert all(sentence.endswith("ms on average; no worse") for sentence in steps)
    host.check(release(host, 2))
    written(gateway, host)


def noting(shared: list[int], share: Any) -> Any:
    def noted(self: progress.Progress, percent: int) -> None:
        shared.append(percent)
        share(self, percent)

    return noted


def test_the_new_colour_is_published_only_with_a_share_of_nothing(
    host: Host, gateway: FakeHAProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    host.converge(release(host, 1))
    seen: list[Any] = []
    publish = Colours.publish

    def noted(self: Any, colour: str) -> bool:
        seen.append((colour, dict(gateway.maps[shares_file(host)])))
        return bool(publish(self, colour))

    monkeypatch.setattr(Colours, "publish", noted)
    host.converge(release(host, 2))
    assert seen[:2] == [("blue", {}), ("green", {"blue": "100", "green": "0"})]


def test_a_release_that_fails_more_requests_is_taken_back(host: Host, gateway: FakeHAProxy) -> None:
    host.converge(release(host, 1))
    gateway.growth = GOOD | {"green": [61, 6, 61, 180_000]}
    version = host.release(2)["models"]["california"]["sha256"][:12]
    reason = refusal(host)
    start = f"california {version}: at 5% of the requests, 6 of 61 failed (9.8%), with the previous release 0 of 1,000"
    assert reason.startswith(f"{start} (0.0%); limit: 2 percentage points more (release_max_error_ratio); ")
    assert reason.endswith(" requests met it; the previous release keeps serving")
    check_taken_back(gateway, host)


def test_a_release_that_was_taken_back_is_not_tried_again(host: Host, gateway: FakeHAProxy) -> None:
    host.converge(release(host, 1))
    gateway.growth = GOOD | {"green": [61, 6, 61, 180_000]}
    reason = refusal(host).partition("; ")[0].partition(": ")[2]
    gateway.commands.clear()
    again = refusal(host)
    assert f": not tried again, because it was taken back: {reason}; limit: " in again
    assert gateway.commands == []
    check_taken_back(gateway, host)
    # Other limits, or the release before, have it tried again.
    assert "not tried again" not in refusal(host, min_requests=1)
    assert "not tried again" not in refusal(host)
    host.converge(release(host, 1))
    assert "not tried again" not in refusal(host)
    host.converge(release(host, 2, steps=[]))
    host.check(release(host, 2))


def test_a_release_that_is_slower_is_taken_back(host: Host, gateway: FakeHAProxy) -> None:
    host.converge(release(host, 1))
    gateway.growth = GOOD | {"green": [60, 0, 60, 546_000]}
    assert (
        "at 5% of the requests, an answer takes 9.1 ms on average, with the previous release 2.9 ms: 3.1 times as long;"
        " limit: 2 times (release_max_latency_ratio)"
    ) in refusal(host)
    check_taken_back(gateway, host)


def test_too_few_requests_are_not_compared(host: Host, gateway: FakeHAProxy) -> None:
    host.converge(release(host, 1))
    gateway.growth = {"blue": [1000, 0, 0, 0], "green": [1, 1, 0, 0]}
    steps = host.converge(release(host, 2, min_requests=10**6))["steps"]
    assert all("; too few requests to compare: " in sentence for sentence in steps)
    host.check(release(host, 2))


def test_a_reload_loses_no_count_and_makes_up_none(
    host: Host, gateway: FakeHAProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    host.converge(release(host, 1))
    gateway.tables[TABLE] = {"blue": [2**32 - 5, 0, 2**32 - 5, 2**32 - 7], "green": [9, 9, 9, 9]}
    watch = Watch(str(host.folder.parent / "master.sock"))
    gateway.growth = {"blue": [10, 1, 10, 50], "green": [5, 0, 5, 20]}
    watch.look()
    assert watch.total["blue"] == Answers(10, 1, 10, 50)
    # After a reload there is another process, whose table is empty; the one from before still answers.
    monkeypatch.setattr(fake_haproxy, "PID", "14")
    gateway.old["13"] = FakeHAProxy()
    gateway.old["13"].tables, gateway.tables = gateway.tables, {TABLE: {}}
    watch.look()
    assert watch.total["green"] == watch.step["green"] == Answers(10, 0, 10, 40)


def test_counters_that_somebody_cleared_begin_the_step_again(host: Host, gateway: FakeHAProxy) -> None:
    gateway.tables[TABLE] = {"blue": [900, 0, 900, 9000]}
    watch = Watch(str(host.folder.parent / "master.sock"))
    gateway.growth = {"blue": [10, 10, 10, 50]}
    watch.look()
    assert watch.step["blue"].count == 10
    gateway.tables[TABLE] = {"blue": [0, 0, 0, 0]}
    watch.look()
    assert watch.step == {}
    assert watch.total["blue"].count == 10
    watch.look()
    assert watch.step["blue"] == Answers(10, 10, 10, 50)


def test_a_release_whose_container_ends_is_taken_back_at_once(
    host: Host, gateway: FakeHAProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    host.converge(release(host, 1))
    share = progress.Progress.share

    def restarted(self: progress.Progress, percent: int) -> None:
        share(self, percent)
        state = host.engine.read()
        if percent == 50:
            state["containers"]["api-green"]["RestartCount"] = 1
            host.engine.path.write_text(json.dumps(state))

    monkeypatch.setattr(progress.Progress, "share", restarted)
    steps = [{"percent": 5, "seconds": 0}, {"percent": 50, "seconds": 3600}]
    assert "at 50% of the requests, its container ended: its log is empty; 0 requests met it" in refusal(
        host, steps=steps
    )
    check_taken_back(gateway, host)


def test_a_gateway_that_cannot_share_gets_no_new_release(host: Host, gateway: FakeHAProxy) -> None:
    host.converge(host.release(1))
    del gateway.maps[shares_file(host)]
    assert "the gateway has not loaded" in refusal(host)
    assert host.published() == {host.name(host.release(1))}


def test_a_process_from_before_a_reload_is_waited_for(
    host: Host, gateway: FakeHAProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    host.converge(host.release(1))
    gateway.old["9"] = FakeHAProxy()
    monkeypatch.setattr(progress, "OLD_PROCESS_SECONDS", 0.05)
    assert "still runs after its reload" in refusal(host)
    monkeypatch.setattr(time, "sleep", lambda _: gateway.old.clear())
    monkeypatch.setattr(progress, "OLD_PROCESS_SECONDS", 60)
    host.converge(release(host, 2))
    host.check(release(host, 2))


def test_where_no_gateway_runs_the_release_is_not_compared_and_says_so(host: Host) -> None:
    host.converge(host.release(1))
    settings = release(host, 2)
    module = test_slipway_release.Module(settings)
    host.fetch(settings)
    assert slipway_release.run(module)["changed"]
    assert module.warned == ["the gateway does not run: the release was not compared with the previous one"]
    host.check(settings)


def test_a_first_release_has_nothing_to_be_compared_with(host: Host, gateway: FakeHAProxy) -> None:
    result = host.converge(release(host, 1))
    assert result["steps"] == []
    alter(host, State={"Running": False})
    assert host.converge(release(host, 2))["steps"] == []
    host.check(release(host, 2))


@pytest.mark.parametrize(
    ("green", "then"), [("healthy", "again"), ("healthy", "back"), ("healthy", "nothing"), ("failing", "again")]
)
def test_a_release_in_steps_that_is_killed_anywhere_is_made_good_by_the_next(
    host: Host, gateway: FakeHAProxy, tmp_path: Path, green: str, then: str
) -> None:
    old, new = release(host, 1), release(host, 2)
    host.converge(old)
    host.fetch(new)
    shutil.copytree(host.folder, tmp_path / "saved", symlinks=True)
    gateway.growth = GOOD if green == "healthy" else GOOD | {"green": [60, 30, 0, 0]}
    follows = {"again": new | {"min_requests": 10**9}, "back": old, "nothing": host.nothing()}[then]

    def run() -> None:
        with nullcontext() if green == "healthy" else pytest.raises(DeploymentError, match="requests met it"):
            slipway_release.run(test_slipway_release.Module(new))

    for point in killing.points(run):
        shutil.rmtree(host.folder)
        shutil.copytree(tmp_path / "saved", host.folder, symlinks=True)
        gateway.maps[shares_file(host)] = []
        assert killing.run(run, killed_at=point) == -9
        assert host.serving() in (host.name(old), host.name(new)), point
        shares = dict(gateway.maps[shares_file(host)])
        assert not shares or sum(map(int, shares.values())) == 100
        # Without shares, both colours would get requests before the new one has proved itself.
        assert shares or len(host.published()) == 1 or host.serving() == host.name(new), point
        killing.run(lambda: host.converge(follows))
        written(gateway, host)
        if then == "nothing":
            assert host.engine.read()["containers"] == {}
            host.check_tidy()
        else:
            host.check(follows)


def test_what_an_interrupted_release_left_gets_no_requests_while_the_next_prepares(
    host: Host, gateway: FakeHAProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    host.converge(release(host, 1))

    class Killed(BaseException):
        """As a process that ends."""

    def kill(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(Deployment, "_ended", kill)
        with pytest.raises(Killed):
            host.converge(release(host, 2))
    assert gateway.maps[shares_file(host)] == [("blue", "95"), ("green", "5")]
    seen: list[Any] = []
    monkeypatch.setattr(Deployment, "pull_image", lambda _: seen.append(dict(gateway.maps[shares_file(host)])))
    host.converge(release(host, 2))
    assert seen == [{"blue": "100", "green": "0"}]
    host.check(release(host, 2))
