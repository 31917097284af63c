"""The sources of settings, and the values that are refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from training import settings
from training.config import Config
from training.errors import ConfigError


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "config.yaml"


def test_without_any_source_the_defaults_apply() -> None:
    assert settings.load(None, [], {}) == Config()


def test_arguments_override_the_environment_which_overrides_the_file(file: Path) -> None:
    file.write_text("seed: 5\nmax_depth: 5\ndata: file.csv\ntracking_uri: http://file\n")
    environ = {"DATA": "environment.csv", "MLFLOW_TRACKING_URI": "http://environment"}
    loaded = settings.load(file, ["max_depth=4", "data=argument.csv"], environ)
    assert (loaded.seed, loaded.max_depth) == (5, 4)
    assert (loaded.data, loaded.tracking_uri) == ("argument.csv", "http://environment")
    assert loaded.rounds == Config().rounds


def test_an_empty_variable_counts_as_unset(file: Path) -> None:
    file.write_text("data: file.csv\n")
    assert settings.load(file, [], {"DATA": ""}).data == "file.csv"


def test_an_empty_file_sets_nothing(file: Path) -> None:
    file.write_text("# nothing yet\n")
    assert settings.load(file, [], {}) == Config()


@pytest.mark.parametrize(
    ("unknown", "nearest"),
    [
        ("max_dpeth", "max_depth"),
        ("early_stopping", "early_stopping_rounds"),
        ("learn_rate", "learning_rate"),
        ("Seed", "seed"),
    ],
)
def test_an_unknown_key_is_refused_with_the_nearest_known_one(file: Path, unknown: str, nearest: str) -> None:
    with pytest.raises(ConfigError, match=f"{unknown}='3': no such key, the nearest is '{nearest}'"):
        settings.load(None, [f"{unknown}=3"], {})
    file.write_text(f"{unknown}: 3\n")
    with pytest.raises(ConfigError, match=f"config.yaml: {unknown}=3: .* '{nearest}'"):
        settings.load(file, [], {})


@pytest.mark.parametrize(
    ("argument", "wanted"),
    [
        ("seed=one", "seed='one': wanted a whole number"),
        ("seed=1.5", "seed='1.5': wanted a whole number"),
        ("seed=", "seed='': wanted a whole number"),
        ("learning_rate=fast", "learning_rate='fast': wanted a number"),
        ("learning_rate=nan", "learning_rate='nan': wanted a number"),
        ("subsample=inf", "subsample='inf': wanted a number"),
        ("allow_generated=perhaps", "allow_generated='perhaps': wanted true or false"),
        ("allow_generated=1", "allow_generated='1': wanted true or false"),
    ],
)
def test_text_of_the_wrong_type_is_refused(argument: str, wanted: str) -> None:
    with pytest.raises(ConfigError, match=wanted):
        settings.load(None, [argument], {})


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("seed: 1.0", "seed=1.0: wanted a whole number"),
        ("seed: true", "seed=True: wanted a whole number"),
        ("seed: null", "seed=None: wanted a whole number"),
        ("seed: [1]", "wanted a whole number"),
        ("name: 7", "name=7: wanted text"),
        ("allow_generated: 1", "allow_generated=1: wanted true or false"),
        ("features: {a: 1}", "wanted names"),
        ("features: [a, 1]", "wanted names"),
        ("output: 3", "output=3: wanted a path"),
    ],
)
def test_a_value_of_the_wrong_type_in_the_file_is_refused(file: Path, line: str, wanted: str) -> None:
    file.write_text(line)
    with pytest.raises(ConfigError, match=wanted.replace("[", r"\[")):
        settings.load(file, [], {})


def test_values_get_the_type_of_their_setting(file: Path) -> None:
    file.write_text("features: [a, b]\nlatitude: ''\nlongitude: ''\nlearning_rate: 1e-3\nreg_lambda: 2\n")
    loaded = settings.load(file, ["allow_generated=True", "output=there", "threads=2"], {})
    assert loaded.features == ("a", "b")
    assert (loaded.learning_rate, loaded.reg_lambda) == (0.001, 2.0)
    assert isinstance(loaded.reg_lambda, float)
    assert loaded.allow_generated is True
    assert (loaded.output, loaded.threads) == (Path("there"), 2)
    assert settings.load(None, ["features=a, b"], {}).features == ("a", "b")


@pytest.mark.parametrize(
    ("content", "wanted"), [("- a\n", "got a list"), ("a: [\n", "not valid YAML"), ("text", "got a str")]
)
def test_a_file_without_keys_and_values_is_refused(file: Path, content: str, wanted: str) -> None:
    file.write_text(content)
    with pytest.raises(ConfigError, match=wanted):
        settings.load(file, [], {})


def test_a_missing_file_is_refused(file: Path) -> None:
    with pytest.raises(ConfigError, match="No such file"):
        settings.load(file, [], {})


def test_an_argument_without_a_value_is_refused() -> None:
    with pytest.raises(ConfigError, match="'seed': wanted key=value"):
        settings.load(None, ["seed"], {})
