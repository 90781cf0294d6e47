"""Reads JSON into a typed form."""

from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from corpora.parsing.errors import ParseError

MAX_FAULTS = 3
"""So many faults of a text are named; the others are counted."""

Form = TypeVar("Form")


def parse_json(content: bytes, form: type[Form], *, ignores_more: bool = False) -> Form:
    """Read JSON as a form: a model of pydantic, or a type such as `str`.

    With `ignores_more`, fields that the form does not have are left out; else they are a fault.

    Raises:
        ParseError: If it is no JSON in UTF-8, if it is nested too deeply, or if it does not have
            the form.
    """
    try:
        return TypeAdapter(form).validate_json(content, extra="ignore" if ignores_more else None)
    except ValidationError as error:
        raise ParseError(_describe(error)) from error


def _describe(error: ValidationError) -> str:
    """Name the first faults, each by its field; pydantic's own text has many lines."""
    faults: list[Any] = list(error.errors(include_url=False, include_input=False))
    named = [
        ": ".join(filter(None, (".".join(map(str, fault["loc"])), fault["msg"])))
        for fault in faults[:MAX_FAULTS]
    ]
    more = len(faults) - len(named)
    return "; ".join([*named, *([f"and {more} more faults"] if more else [])])
