"""What can be wrong with the machines, and with what lies on them."""

from corpora.errors import UserError


class ClusterError(UserError):
    """A Ray cluster cannot be reached; the message names its address."""


class CodeVersionError(UserError):
    """Git cannot tell which code a checkout holds; the message says why."""


class ChangedWeightsError(Exception):
    """The pretrained weights found now are not those that a trial was planned with."""


class FitError(UserError):
    """Trials need more memory than a device has; the message names each, and what helps."""


class KeptModelError(UserError):
    """A finished trial's model is not there, or not the one that its record names."""


class PriceError(UserError):
    """A cluster file has no price table, or a wrong one; the message names the file."""


class ProbeError(UserError):
    """What trials take could not be measured; the message names each, and why."""


class StorageError(UserError):
    """The storage folder, or the bucket that it mirrors, cannot be used."""


class TooLargeError(Exception):
    """Whole batches of a trial do not fit into the memory that it was measured in."""


class TrackingError(UserError):
    """MLflow cannot be reached, refuses, or has nothing of ours; the message names its address."""


class TrialChoiceError(UserError):
    """No finished trial, or more than one, is what the user names; the message has the choices."""
