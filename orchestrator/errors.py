"""What can be wrong with the machines."""


class ClusterError(Exception):
    """A Ray cluster cannot be reached; the message names its address."""
