"""What goes wrong, as a sentence that says what to do."""


class Trouble(Exception):
    """A command ends with this sentence and exit code 1."""
