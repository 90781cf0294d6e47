"""Terms that studies, claims and records share."""

from typing import Annotated, Literal
from unicodedata import category

from pydantic import AfterValidator

MetricName = str
"""The name of a metric; `search_spaces.metrics.registry.find_metric` knows it."""

Scale = Literal["tiny", "small", "paper"]


def _without_control_characters(text: str) -> str:
    for place, character in enumerate(text, start=1):
        if category(character) == "Cc" and not character.isspace():
            raise ValueError(
                f"the control character U+{ord(character):04X} at place {place} commands "
                "terminals and cannot be printed; remove it"
            )
    return text


Words = Annotated[str, AfterValidator(_without_control_characters)]
"""Text that is shown: it holds no control characters but white space."""
