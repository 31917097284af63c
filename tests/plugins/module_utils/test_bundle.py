"""A bundle is what its pin says, to the byte."""

import hashlib
import json
from pathlib import Path

import pytest

from plugins.module_utils.slipway.bundle import BundleError, verify
from tests import bundle_cases

FILES = {"MLmodel": b"flavors: {}\n", "model/model.ubj": b"{U\x01}", "golden.json": b"{}\n"}


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    for name, content in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content)
    return tmp_path


def pinned(bundle: Path, names: dict[str, bytes] | None = None) -> str:
    """Write the manifest and return its pin."""
    listed = {
        name: {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}
        for name, content in (names or FILES).items()
    }
    manifest = json.dumps({"format": 1, "files": listed}).encode()
    (bundle / "manifest.json").write_bytes(manifest)
    return hashlib.sha256(manifest).hexdigest()


def test_a_whole_bundle_passes(bundle: Path) -> None:
    verify(str(bundle), pinned(bundle))


@pytest.mark.parametrize("case", bundle_cases.CASES, ids=lambda case: case.name)
def test_it_refuses_what_the_server_s_verification_refuses(case: bundle_cases.Case, tmp_path: Path) -> None:
    """tests/app/test_bundle.py holds the server to the same cases."""
    pin = bundle_cases.write(tmp_path, case)
    if "host" not in case.refused_by:
        verify(str(tmp_path), pin)
        return
    with pytest.raises(BundleError):
        verify(str(tmp_path), pin)


def test_another_pin_is_refused_with_both(bundle: Path) -> None:
    pin = pinned(bundle)
    with pytest.raises(BundleError, match=rf"^manifest\.json: its sha256 is {pin}, release\.yml says {'0' * 64}$"):
        verify(str(bundle), "0" * 64)


@pytest.mark.parametrize("name", FILES)
def test_a_changed_byte_is_refused_with_the_file(bundle: Path, name: str) -> None:
    pin = pinned(bundle)
    content = FILES[name]
    (bundle / name).write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(BundleError, match="the file was changed") as refused:
        verify(str(bundle), pin)
    assert str(refused.value).startswith(f"{name}:")


@pytest.mark.parametrize("name", [*FILES, "manifest.json"])
def test_a_missing_file_is_refused(bundle: Path, name: str) -> None:
    pin = pinned(bundle)
    (bundle / name).unlink()
    with pytest.raises(BundleError, match="is missing"):
        verify(str(bundle), pin)


def test_a_link_is_refused(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    pin = pinned(bundle)
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "golden.json"
    (bundle / "golden.json").rename(elsewhere)
    (bundle / "golden.json").symlink_to(elsewhere)
    with pytest.raises(BundleError, match=r"golden\.json: is not a regular file"):
        verify(str(bundle), pin)


def test_a_manifest_that_leaves_the_bundle_is_refused(bundle: Path) -> None:
    pin = pinned(bundle, {"../outside": b"x"})
    with pytest.raises(BundleError, match="is a path outside of the bundle"):
        verify(str(bundle), pin)


@pytest.mark.parametrize("name", ["extra.json", "model/extra.pkl", "deep/er/x"])
def test_a_file_that_is_not_listed_is_refused(bundle: Path, name: str) -> None:
    pin = pinned(bundle)
    (bundle / name).parent.mkdir(parents=True, exist_ok=True)
    (bundle / name).write_text("x")
    with pytest.raises(BundleError, match=rf"^{name}: is not listed in manifest\.json$"):
        verify(str(bundle), pin)


def test_what_mlflow_adds_is_let_pass(bundle: Path) -> None:
    (bundle / "registered_model_meta").write_text("model_name: california\n")
    verify(str(bundle), pinned(bundle))


@pytest.mark.parametrize("target", ["/etc/passwd", "/etc", "nowhere", "MLmodel"])
def test_a_link_that_is_not_listed_is_refused(bundle: Path, target: str) -> None:
    pin = pinned(bundle)
    (bundle / "model" / "link").symlink_to(target)
    with pytest.raises(BundleError, match=r"^model/link: is not a regular file$"):
        verify(str(bundle), pin)


@pytest.mark.parametrize("text", ["[]", '{"files": []}', '{"files": {"a": 1}}', "{", '{"files": {"a": {}}}'])
def test_a_manifest_that_is_none_is_refused(bundle: Path, text: str) -> None:
    (bundle / "manifest.json").write_text(text)
    with pytest.raises(BundleError, match=r"^manifest\.json: wanted "):
        verify(str(bundle), hashlib.sha256(text.encode()).hexdigest())
