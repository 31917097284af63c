"""What can go wrong, as a sentence for a person."""

import signal


class AgentError(Exception):
    """Something that ends a run; the message is one line that a stranger understands."""


class ConfigError(AgentError):
    """A file whose keys or values cannot be used."""


class RemoteError(AgentError):
    """The repository gave no answer."""


class DamagedError(AgentError):
    """The repository on the host is damaged; a new one can be fetched."""


class Stopped(BaseException):
    """A signal asked the agent to end. Not an Exception, so that nothing on the way takes it for a failure."""

    def __init__(self, number: int) -> None:
        """`number` is the signal's."""
        super().__init__(f"stopped by {signal.Signals(number).name}")
        self.number = number
