"""What a user can get wrong in a study."""

from corpora.errors import UserError


class StudyError(UserError):
    """A study, a space, a change or a reference is wrong; the message lists every fault found."""


class PublishedError(UserError):
    """A file of printed tables is wrong; the message lists every fault found."""
