"""containers/images.py"""

import io
import tarfile
from pathlib import Path

import pytest

from containers import images
from tests.containers.conftest import FakeDocker
from workstation.errors import CommandError
from workstation.paths import identity


def test_an_image_is_a_folder_with_a_dockerfile() -> None:
    assert images.names() == ["api", "host", "mlops"]


def test_the_tag_is_the_checkouts_own_unless_a_name_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("IMAGE", raising=False)
    assert images.tag_of("api") == f"slipway-api:{identity()}"
    monkeypatch.setenv("IMAGE", "mine:1")
    assert images.tag_of("api") == "mine:1"


def test_the_context_holds_our_code_and_the_ca_bundle_and_no_bytecode(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "ca.crt").write_text("certificates")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.crt"))
    with tarfile.open(fileobj=io.BytesIO(images.context())) as tar:
        names = tar.getnames()
    assert {"images/api/Dockerfile", "requirements/api.txt", "images/trust/ca.crt"} <= set(names)
    assert not [name for name in names if "__pycache__" in name]


def test_a_build_that_fails_is_an_error_and_its_output_is_in_the_file(
    fake_docker: FakeDocker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(images, "base_image", lambda: "debian")
    fake_docker("cat >/dev/null; echo Step 1/9; echo 'no space left' >&2; exit 1")
    log = tmp_path / "build.log"
    with log.open("w") as file, pytest.raises(CommandError, match="docker build of image api ended with exit code 1"):
        images.build("api", "tag", file)
    assert log.read_text() == "Step 1/9\nno space left\n"
