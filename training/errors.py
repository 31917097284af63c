"""The errors of training that a user can fix."""


class TrainingError(Exception):
    """A step cannot continue. The message gives the reason and the fix."""


class ConfigError(TrainingError):
    """A setting is unknown or has a wrong value. The message names the key, the value and what was wanted."""


class DataError(TrainingError):
    """The data is unusable. The message names column and row, but never a value."""
