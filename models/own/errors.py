"""The error of a user's own model code."""

from corpora.errors import UserError


class OwnCodeError(UserError):
    """A user's own model code cannot be used; the message says which, why, and what to do."""
