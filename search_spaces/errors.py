"""What a user can get wrong in a study."""


class StudyError(Exception):
    """A study, a space, a change or a reference is wrong; the message lists every fault found."""


class PublishedError(Exception):
    """A file of printed tables is wrong; the message lists every fault found."""
