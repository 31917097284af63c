"""The errors of the agent. Each message is for a person."""

import signal


class AgentError(Exception):
    """An error that ends a run; the message is one line."""


class ConfigError(AgentError):
    """A file with keys or values that cannot be used."""


class RemoteError(AgentError):
    """The remote repository gave no usable answer."""


class DamagedError(AgentError):
    """The repository on the host is damaged and has to be fetched again."""


class Stopped(BaseException):
    """A signal asked the agent to end. Not an Exception, so that no `except Exception` treats it as a failure."""

    def __init__(self, number: int) -> None:
        """`number` is the number of the signal."""
        super().__init__(f"stopped by {signal.Signals(number).name}")
        self.number = number
