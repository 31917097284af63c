"""What goes wrong for a reason that a person can mend."""


class Refused(Exception):
    """The message says in one sentence what was found and what was wanted."""
