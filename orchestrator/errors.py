"""The errors of machines, of storage, and of what is stored there."""

from corpora.errors import UserError
from orchestrator.redaction import without_secrets


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
