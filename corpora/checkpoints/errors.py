"""The error of a checkpoint."""

from corpora.errors import UserError


class CheckpointError(UserError):
    """A checkpoint is not there, or cannot be used; the message says which, why, and what to do.

    Attributes:
        modality: What the checkpoint shall read.
        place: Where it should be.
        reason: Why it cannot be used.
        advice: What to do.
    """

    def __init__(self, modality: str, place: str, reason: str, advice: str) -> None:
        super().__init__(modality, place, reason, advice)  # unpickling calls it with these
        self.modality = modality
        self.place = place
        self.reason = reason
        self.advice = advice

    def __str__(self) -> str:
        """Return the message."""
        return f"encoder of {self.modality}, '{self.place}': {self.reason}; {self.advice}"
