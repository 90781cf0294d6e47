"""The page that leads to the predictions for the clips of a folder."""

from collections.abc import Sequence
from dataclasses import dataclass

from reports.forms.html import STYLE
from reports.prediction.page import environment


@dataclass(frozen=True)
class Entry:
    """A clip, and what is predicted, in a line; or why there is no prediction."""

    clip: str
    seconds: float = 0.0
    summary: str = ""
    fault: str = ""


def to_index(
    entries: Sequence[Entry], *, title: str, about: str, has_pages: bool, has_pictures: bool
) -> str:
    """Write the page; the pages and pictures of the clips lie beside it.

    Args:
        entries: The clips, in order.
        title: The title of the page.
        about: Which trial predicts.
        has_pages: Whether CLIP.html lies beside it.
        has_pictures: Whether CLIP.png lies beside it.
    """
    template = environment().get_template("index.html.j2")
    return template.render(
        entries=entries,
        title=title,
        about=about,
        has_pages=has_pages,
        has_pictures=has_pictures,
        table_style=STYLE,
        num_faults=sum(bool(entry.fault) for entry in entries),
    )
