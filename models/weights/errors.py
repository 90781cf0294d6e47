"""The error of pretrained weights."""

from corpora.errors import UserError


class WeightsError(UserError):
    """Pretrained weights are not available; the message says which, why, and how to get them."""

    def __init__(self, field: str, weights: str, reason: str, advice: str) -> None:
        super().__init__(field, weights, reason, advice)  # unpickling calls it with these
        self._message = f"{field} {weights!r}: {reason}. To get them: {advice}"

    def __str__(self) -> str:
        """Return the message."""
        return self._message
