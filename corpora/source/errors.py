"""What can be wrong with a corpus."""

from corpora.errors import UserError
from corpora.source.rejects import RejectReason


class CorpusError(UserError):
    """A source, its labels or a prepared corpus is wrong; the message names file and choices."""


class DamagedCorpusError(CorpusError):
    """A file of a prepared corpus is missing or damaged; the message names it.

    To prepare the corpus again makes it anew.
    """


class MediaError(Exception):
    """A clip cannot be used; `reason` names the rule that rejects it."""

    def __init__(self, reason: RejectReason, detail: str) -> None:
        super().__init__(reason, detail)  # unpickling calls it with these
        self.reason = reason
        self.detail = detail

    def __str__(self) -> str:
        """Return the message."""
        return f"{self.reason}: {self.detail}"
