"""The fixtures of tests/house: a fresh clone, and the environment of a person's terminal."""

from tests.house.conftest import clone, environment

__all__ = ["clone", "environment"]
