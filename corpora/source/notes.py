"""What is noticed while an utterance's media are read."""

from collections.abc import Callable, Mapping

from corpora.source.rejects import Remark

Note = Callable[[Remark, str], None]
"""Takes a remark and its detail: what, and when in the file."""

_MAX_TOLD = 3


def unnoted(remark: Remark, detail: str) -> None:
    """Take a remark, and forget it."""


class Notes:
    """Collects remarks; the same detail counts once."""

    def __init__(self) -> None:
        self._found: dict[Remark, dict[str, None]] = {}

    def __call__(self, remark: Remark, detail: str) -> None:
        """Take a remark."""
        self._found.setdefault(remark, {})[detail] = None

    def add(self, others: "Notes") -> None:
        """Take the remarks that others have collected."""
        for remark, details in others._found.items():
            self._found.setdefault(remark, {}).update(details)

    @property
    def details(self) -> Mapping[Remark, str]:
        """The details of each remark in words; the first few, if there are many."""
        return {remark: _in_words(list(details)) for remark, details in self._found.items()}


def _in_words(details: list[str]) -> str:
    told = "; ".join(details[:_MAX_TOLD])
    num_more = len(details) - _MAX_TOLD
    return f"{told}; and {num_more} more" if num_more > 0 else told
