"""How the agent behaves: /etc/slipway/pull.json, written by the role `pull` from the environment's settings."""

from typing import NamedTuple

from agent.document import build, known, load
from agent.errors import ConfigError
from agent.output import warn
from agent.paths import Paths


class Settings(NamedTuple):
    """The keys of pull.json. A host that has not converged yet has no such file and goes by these defaults."""

    interval_seconds: int = 60  # the timer calls the agent this often
    full_check_seconds: int = 6 * 3600  # everything is run again after so long, which repairs drift
    run_limit_seconds: int = 1800  # a run of Ansible that takes longer is ended
    remote_limit_seconds: int = 30  # git gets so long to ask the remote, and ten times that to fetch
    retry_first_seconds: int = 60  # a failed run is tried again after so long, then after twice that, ...
    retry_most_seconds: int = 3600  # ... but at least this often


def read(paths: Paths) -> Settings:
    """Return the settings. What cannot be used is told in the log and its default counts.

    Never an error: the commit that mends pull.json reaches the host only while the agent runs.
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
