from __future__ import annotations

from pathlib import Path

import pytest

from app import settings
from app.settings import ConfigError, ModelSource, Settings


def test_without_an_environment_the_defaults_hold() -> None:
    assert settings.read({"PATH": "/bin"}) == Settings()


def test_each_setting_is_read_and_cast() -> None:
    read = settings.read(
        {
            "SLIPWAY_MODELS": "california@7=/a/b, other@v1.2=/c,",
            "SLIPWAY_DEFAULT_MODEL": "other",
            "SLIPWAY_PORT": "9000",
            "SLIPWAY_DRAIN_SECONDS": "2.5",
        }
    )
    assert read.models == (ModelSource("california", "7", Path("/a/b")), ModelSource("other", "v1.2", Path("/c")))
    assert (read.port, read.drain_seconds) == (9000, 2.5)
    assert [source.name for source in settings.sources(read)] == ["other", "california"]


@pytest.mark.parametrize(
    ("environment", "wanted"),
    [
        ({"SLIPWAY_PROT": "1"}, "SLIPWAY_PROT: unknown setting; the nearest known ones are SLIPWAY_PORT"),
        ({"SLIPWAY_PORT": "http"}, "SLIPWAY_PORT='http': wanted a whole number"),
        ({"SLIPWAY_PORT": "70000"}, "SLIPWAY_PORT=70000: wanted at most 65535"),
        ({"SLIPWAY_PORT": "-1"}, "SLIPWAY_PORT=-1: wanted at least 0"),
        ({"SLIPWAY_WORKERS": "0"}, "SLIPWAY_WORKERS=0: wanted at least 1"),
        ({"SLIPWAY_BODY_TIMEOUT_SECONDS": "nan"}, "SLIPWAY_BODY_TIMEOUT_SECONDS=nan"),
        ({"SLIPWAY_DRAIN_SECONDS": "soon"}, "SLIPWAY_DRAIN_SECONDS='soon': wanted a number"),
        ({"SLIPWAY_LOG_SAMPLE_RATE": "2"}, "wanted a share from 0 to 1"),
        ({"SLIPWAY_ENGINE": "gpu"}, "SLIPWAY_ENGINE='gpu': wanted one of auto, onedal, xgboost"),
        ({"SLIPWAY_MODELS": "california=/a"}, "SLIPWAY_MODELS='california=/a': wanted name@version=path"),
        ({"SLIPWAY_MODELS": "cali fornia@1=/a"}, "'cali fornia' is not a name"),
        ({"SLIPWAY_MODELS": "a@../1=/a"}, "'../1' is not a name"),
    ],
)
def test_what_cannot_be_used_is_named_with_its_value(environment: dict[str, str], wanted: str) -> None:
    with pytest.raises(ConfigError) as caught:
        settings.read(environment)
    assert wanted in str(caught.value)


@pytest.mark.parametrize(
    ("environment", "wanted"),
    [
        ({}, "wanted exactly one of SLIPWAY_MODELS and SLIPWAY_MODEL_DIR"),
        ({"SLIPWAY_MODELS": "a@1=/a", "SLIPWAY_MODEL_DIR": "/b"}, "wanted exactly one of"),
        ({"SLIPWAY_MODELS": "a@1=/a,a@2=/b"}, "wanted each model name once"),
        ({"SLIPWAY_MODELS": "a@1=/a,b@2=/b"}, "SLIPWAY_DEFAULT_MODEL='': wanted one of a, b"),
        ({"SLIPWAY_MODELS": "a@1=/a", "SLIPWAY_DEFAULT_MODEL": "b"}, "SLIPWAY_DEFAULT_MODEL='b': wanted one of a"),
        ({"SLIPWAY_MODEL_DIR": "/no/such"}, "SLIPWAY_MODEL_DIR='/no/such': no such directory"),
    ],
)
def test_models_that_are_not_clear_are_refused(environment: dict[str, str], wanted: str) -> None:
    with pytest.raises(ConfigError) as caught:
        settings.sources(settings.read(environment))
    assert wanted in str(caught.value)


def test_a_folder_gives_each_model_by_name_and_version(tmp_path: Path) -> None:
    for name in ("b/3", "a/12"):
        (tmp_path / name).mkdir(parents=True)
    found = settings.sources(settings.read({"SLIPWAY_MODEL_DIR": str(tmp_path), "SLIPWAY_DEFAULT_MODEL": "b"}))
    assert found == (ModelSource("b", "3", tmp_path / "b/3"), ModelSource("a", "12", tmp_path / "a/12"))


def test_a_folder_with_two_versions_of_a_model_is_refused(tmp_path: Path) -> None:
    for name in ("a/1", "a/2"):
        (tmp_path / name).mkdir(parents=True)
    with pytest.raises(ConfigError, match="a has versions 1, 2, wanted exactly one"):
        settings.sources(settings.read({"SLIPWAY_MODEL_DIR": str(tmp_path)}))


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="wanted at least one <name>/<version> folder in it"):
        settings.sources(settings.read({"SLIPWAY_MODEL_DIR": str(tmp_path)}))
