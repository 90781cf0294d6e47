"""The errors of machines, of storage, and of what is stored there."""

import errno

from corpora.errors import UserError
from orchestrator.redaction import without_secrets

_MAKE_ROOM = "make room there (`mmer-sweep du` shows what a storage takes), then run this again"
_CHOOSE = "choose a place that this user can write, or give this user the right to this one"
WHAT_HELPS = {
    errno.ENOSPC: _MAKE_ROOM,
    errno.EDQUOT: _MAKE_ROOM,
    errno.EROFS: _CHOOSE,
    errno.EACCES: _CHOOSE,
    errno.EPERM: _CHOOSE,
}
"""What helps against errors of the system that users can do something about."""


def say_system_error(error: OSError) -> str:
    """Say in a line which file or folder is concerned, what is wrong, and what helps."""
    if error.filename is None or error.strerror is None:
        return str(error)
    names = [str(name) for name in (error.filename, error.filename2) if name is not None]
    said = f"{' -> '.join(names)}: {error.strerror}"
    helps = WHAT_HELPS.get(error.errno or 0)
    return f"{said}; {helps}" if helps else said


class ClusterError(UserError):
    """A Ray cluster cannot be reached; the message names its address."""


class ChangedCodeError(Exception):
    """The code differs from the one that a trial was planned with."""


class ChangedWeightsError(Exception):
    """The pretrained weights found now differ from those that a trial was planned with."""


class FitError(UserError):
    """Trials need more memory than a device has; the message names each, and says what helps."""


class KeptModelError(UserError):
    """A finished trial's model is missing, or is not the one that its record names."""


class LossError(UserError):
    """A config weighs a loss that the model does not return; the message names it."""


class LostRayError(UserError):
    """A process of Ray on this machine has ended, and so has the work; the message names it."""


class MissingPackageError(UserError):
    """A package is not installed that a command needs; the message says how to install it."""


class PriceError(UserError):
    """A cluster file has no price table, or an invalid one; the message names the file."""


class ProbeError(UserError):
    """The time and memory of trials could not be measured; the message says which, and why."""


class SelectionError(UserError):
    """A trial chooses its epoch by a metric that is undefined on validation."""


class StorageError(UserError):
    """The storage folder, or the bucket that it mirrors, cannot be used."""

    def __init__(self, message: str) -> None:
        """Hide the credentials of all addresses in the message."""
        super().__init__(without_secrets(message))


class TooLargeError(Exception):
    """Whole batches of a trial do not fit into the memory that was available to measure it."""


class TrackingError(UserError):
    """MLflow is not reachable, refuses, or holds no sweep; the message names its address."""

    def __init__(self, message: str) -> None:
        """Hide the credentials of all addresses in the message."""
        super().__init__(without_secrets(message))


class TrialChoiceError(UserError):
    """The user names no finished trial, or more than one; the message lists the choices."""
