"""The error of the programs in this image."""


class Refused(Exception):
    """A person can fix the reason; the message says what was found and what was wanted."""
