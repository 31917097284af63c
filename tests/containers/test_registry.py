"""containers/registry.py, without an engine; tests/images/test_push.py has a real registry."""

from pathlib import Path

import pytest

from containers import registry
from tests.containers.conftest import FakeDocker
from workstation.errors import CommandError

DIGEST = f"sha256:{'ab' * 32}"
SCRIPT = f"""
case "$1 $2" in
"image inspect") echo '[{{"Id": "sha256:0123456789abcdef"}}]';;
push*) echo "latest: digest: {DIGEST} size: 1";;
esac
"""


@pytest.mark.parametrize(
    ("address", "pushed"),
    [("ghcr.io/You/", "ghcr.io/you"), ("127.0.0.1:5000", "127.0.0.1:5000"), ("localhost", "localhost")],
)
def test_an_image_is_pushed_and_named_by_its_digest(fake_docker: FakeDocker, address: str, pushed: str) -> None:
    fake_docker(SCRIPT)
    assert registry.push("api", "slipway-api:local", address) == f"{pushed}/slipway-api@{DIGEST}"


@pytest.mark.parametrize("address", ["", "someone", "someone/else", "ghcr.io/you:tag", "https://ghcr.io"])
def test_what_docker_takes_for_something_else_is_refused(fake_docker: FakeDocker, address: str) -> None:
    fake_docker(SCRIPT)
    with pytest.raises(CommandError, match=r"REGISTRY='.*': wanted the address of a registry"):
        registry.push("api", "slipway-api:local", address)


def test_a_refusal_has_the_registrys_reason_and_the_tag_is_removed(
    fake_docker: FakeDocker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CALLS", str(tmp_path / "calls"))
    fake_docker(f'echo "$1" >>"$CALLS"; if [ "$1" = push ]; then echo denied >&2; exit 1; fi\n{SCRIPT}')
    with pytest.raises(CommandError, match=r"localhost:1 refused localhost:1/slipway-api:0123456789ab: denied"):
        registry.push("api", "slipway-api:local", "localhost:1")
    assert (tmp_path / "calls").read_text().split() == ["image", "tag", "push", "rmi"]


def test_an_image_that_was_not_built_is_an_error(fake_docker: FakeDocker) -> None:
    fake_docker("echo 'Error: No such image' >&2; exit 1")
    with pytest.raises(CommandError, match="Docker has no image slipway-api:local: `make images` builds it"):
        registry.push("api", "slipway-api:local", "localhost:1")


def test_a_registry_that_does_not_answer_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "ANSWERS_WITHIN_SECONDS", -1)
    with pytest.raises(CommandError, match=r"the registry at 127\.0\.0\.1:1 did not answer within -1 s"):
        registry.await_answer("127.0.0.1:1")
