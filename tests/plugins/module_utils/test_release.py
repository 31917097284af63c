"""How a version is called, and what makes one container differ from another."""

import pytest

from plugins.module_utils.slipway.release import Release, version

SHA = "0123456789abcdef" * 4


def release(**other: object) -> Release:
    settings = {
        "image": "registry.example.com/slipway-api@sha256:1",
        "default_model": "california",
        "models": {"california": {"uri": "models:/california/7", "sha256": SHA}},
        "bundles": "/var/lib/slipway/models",
        "options": ["--network=none"],
        "drain_seconds": 10,
    }
    return Release(settings | other)


@pytest.mark.parametrize(
    ("uri", "called"),
    [
        ("models:/california/7", "7"),
        ("models:/california/12", "12"),
        ("s3://bucket/models/california/7", "0123456789ab"),
        ("file:///srv/bundle", "0123456789ab"),
    ],
)
def test_a_version_is_the_registry_s_number_or_how_the_digest_begins(uri: str, called: str) -> None:
    assert version({"uri": uri, "sha256": SHA}) == called


def test_bundles_are_mounted_read_only_where_the_image_looks() -> None:
    source = f"/var/lib/slipway/models/{SHA}"
    assert f"--mount=type=bind,source={source},target=/models/california/7,readonly" in release().options()


def test_a_release_has_one_label() -> None:
    assert release().label() == release().label()


@pytest.mark.parametrize(
    "other",
    [
        {"image": "registry.example.com/slipway-api@sha256:2"},
        {"models": {"california": {"uri": "models:/california/8", "sha256": SHA}}},
        {"models": {"california": {"uri": "models:/california/7", "sha256": SHA[::-1]}}},
        {"options": ["--network=none", "--memory=1g"]},
        {"drain_seconds": 11},
    ],
)
def test_whatever_the_container_is_made_of_changes_it(other: dict[str, object]) -> None:
    assert release(**other).label() != release().label()


def test_a_person_reads_models_and_versions() -> None:
    models = {"b": {"uri": "models:/b/2", "sha256": SHA}, "a": {"uri": "models:/a/1", "sha256": SHA}}
    assert release(models=models).title() == "a 1, b 2"
