"""The error of a checkpoint."""

from corpora.errors import UserError


class CheckpointError(UserError):
    """A checkpoint is not there, or cannot be used; the message says which, why, and what to do."""
