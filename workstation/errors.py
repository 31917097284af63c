"""The one error that a person at the terminal gets to read."""


class CommandError(Exception):
    """A command cannot go on. The message says why and what to do; the command prints it and exits with code 1."""
