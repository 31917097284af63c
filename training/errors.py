"""What can go wrong in training that a person can put right."""


class TrainingError(Exception):
    """A step can't go on; the message says why and what would help."""


class ConfigError(TrainingError):
    """A setting is unknown or wrong; the message names key, value and what was wanted."""


class DataError(TrainingError):
    """The data can't be used; the message names column and row, and never a value of it."""
