"""The base of all errors that a user can mend."""

from collections.abc import Iterable
from difflib import get_close_matches


class UserError(Exception):
    """Something is wrong with what a user gave or with what lies there.

    The message says what is wrong, where, and what to do. The command line prints it alone.
    """


def did_you_mean(name: str, choices: Iterable[str]) -> str:
    """Return the part of a message that offers the choice most like a name; empty if none is."""
    alike = get_close_matches(name, list(choices), n=1)
    return f"did you mean '{alike[0]}'? " if alike else ""
