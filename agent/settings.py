"""The settings of the agent: /etc/slipway/pull.json, which the role `pull` writes from the environment's settings."""

from typing import NamedTuple

from agent.errors import ConfigError
from agent.json_file import build, known, load
from agent.output import warn
from agent.paths import Paths


class Settings(NamedTuple):
    """The keys of pull.json; docs/agent.md gets its table from the comments.

    A host that has not converged yet has no such file and uses the defaults.
    """

    interval_seconds: int = 60  # how often the timer starts the agent
    full_check_seconds: int = 6 * 3600  # how long after the last full run everything runs again, which repairs drift
    run_limit_seconds: int = 1800  # how long a run of Ansible may take before the agent stops it
    remote_limit_seconds: int = 30  # how long git may take to ask the remote; a fetch may take ten times as long
    retry_first_seconds: int = 60  # the pause after a failed run; each further failure doubles it
    retry_most_seconds: int = 3600  # the longest pause


def read(paths: Paths) -> Settings:
    """Return the settings. A value that cannot be used is logged and replaced by its default.

    This never fails: the commit that repairs pull.json can only reach the host while the agent runs.
    """
    try:
        document = load(paths.settings)
    except FileNotFoundError:
        return Settings()
    except ConfigError as error:
        warn(f"{error}; the defaults are used")
        return Settings()
    usable: dict[str, int] = {}
    for key, value in known(Settings, document, paths.settings).items():
        try:
            build(Settings, {key: value}, paths.settings)
            if value < 1:
                raise ConfigError(f"{paths.settings}: {key}={value}: wanted 1 or more")
            usable[key] = value
        except ConfigError as error:
            warn(f"{error}; the default is used")
    return Settings(**usable)
