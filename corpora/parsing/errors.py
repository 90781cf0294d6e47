"""The error of a text that cannot be read."""


class ParseError(Exception):
    """A text is damaged, hostile or of another form; the message says what is wrong in one line.

    The caller knows the file: it adds where, and what to do.
    """
