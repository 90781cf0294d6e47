"""What can be wrong with the machines, and with what lies on them."""


class ClusterError(Exception):
    """A Ray cluster cannot be reached; the message names its address."""


class CodeVersionError(Exception):
    """Git cannot tell which code a checkout holds; the message says why."""


class ChangedWeightsError(Exception):
    """The pretrained weights found now are not those that a trial was planned with."""


class KeptModelError(Exception):
    """A finished trial's model is not there, or not the one that its record names."""


class TrackingError(Exception):
    """MLflow cannot be reached, refuses, or has nothing of ours; the message names its address."""
