"""One tree of exceptions: whatever a user can cause is a ClearheadError of one line.

A message says what was wrong, what was seen, what is allowed and what to do next.
Faults of our own are assertions and stay assertions.
"""


class ClearheadError(Exception):
    """Base of every error that a user can cause; the command line prints it and exits with 1."""


class ConfigError(ClearheadError, ValueError):
    """A configuration key or value that is not allowed."""


class TextError(ClearheadError, ValueError):
    """Text or token ids that cannot be processed, such as a lone surrogate."""


class DataError(ClearheadError, ValueError):
    """A corpus that cannot be read, named by file and line."""


class LostProcessError(DataError):
    """A process that works on text for this one died, or was stopped; what was done before is kept."""


class DocumentError(ClearheadError, ValueError):
    """A document that cannot be read as its format, or is not safe to read, named by its place."""


class CheckpointError(ClearheadError):
    """A checkpoint or model directory that is missing, incomplete or damaged."""


class TrainingError(ClearheadError):
    """A training run that cannot go on, with its last good checkpoint intact."""


class WorkerError(TrainingError):
    """Another of the processes that train together ended, and this one cannot go on without it."""


class TranslationError(ClearheadError, ValueError):
    """A request that the model cannot serve, such as a language it was not trained for."""


class MissingPackageError(ClearheadError):
    """What was asked for needs a package that is not installed."""


class EngineError(ClearheadError):
    """An engine cannot run a model as our own code does."""
