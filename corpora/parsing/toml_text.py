"""Reads TOML."""

import tomllib

from corpora.parsing.errors import ParseError


def parse_toml(content: bytes) -> dict[str, object]:
    """Read a TOML document.

    Raises:
        ParseError: If it is no TOML in UTF-8, or is nested too deeply.
    """
    try:
        return tomllib.loads(content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise ParseError(f"it is not UTF-8: {error.reason} at byte {error.start}") from error
    except RecursionError as error:
        raise ParseError("its lists and tables are nested too deeply") from error
    except ValueError as error:  # that of TOML, or that of `int` for thousands of digits
        raise ParseError(str(error)) from error
