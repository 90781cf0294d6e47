"""The base of all errors that a user can mend."""


class UserError(Exception):
    """Something is wrong with what a user gave or with what lies there.

    The message says what is wrong, where, and what to do. The command line prints it alone.
    """
