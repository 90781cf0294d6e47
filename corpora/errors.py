"""What can be wrong with a corpus."""

from corpora.rejects import RejectReason


class CorpusError(Exception):
    """A source, its labels or a prepared corpus is wrong; the message names file and choices."""


class MediaError(Exception):
    """A clip cannot be used; `reason` names the rule that it meets."""

    def __init__(self, reason: RejectReason, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail
