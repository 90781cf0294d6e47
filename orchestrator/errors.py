"""What can be wrong with the machines, and with what lies on them."""


class ClusterError(Exception):
    """A Ray cluster cannot be reached; the message names its address."""


class CodeVersionError(Exception):
    """Git cannot tell which code a checkout holds; the message says why."""


class ChangedWeightsError(Exception):
    """The pretrained weights found now are not those that a trial was planned with."""


class FitError(Exception):
    """Trials need more memory than a device has; the message names each, and what helps."""


class KeptModelError(Exception):
    """A finished trial's model is not there, or not the one that its record names."""


class PriceError(Exception):
    """A cluster file has no price table, or a wrong one; the message names the file."""


class ProbeError(Exception):
    """What trials take could not be measured; the message names each, and why."""


class TooLargeError(Exception):
    """Whole batches of a trial do not fit into the memory that it was measured in."""


class TrackingError(Exception):
    """MLflow cannot be reached, refuses, or has nothing of ours; the message names its address."""
