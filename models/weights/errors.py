"""The error of pretrained weights."""


class WeightsError(RuntimeError):
    """Pretrained weights that cannot be had. Says which, why, and how to get them."""

    def __init__(self, field: str, weights: str, reason: str, advice: str) -> None:
        super().__init__(f"{field} {weights!r}: {reason}. To get them: {advice}")
