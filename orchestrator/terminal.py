"""The consoles that commands print to."""

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from unicodedata import category

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

TERMINAL = "TTY_COMPATIBLE"
UNLIMITED = 100_000
"""The width of what is no terminal: a file or a program gets whole lines."""


class CleanConsole(Console):
    """A console whose texts cannot command the terminal.

    Names and texts come from files of others. An escape sequence in them could move the cursor,
    rename the window or hide what was printed.
    """

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        """Render to segments, and leave out control characters that are not rich's own."""
        for segment in super().render(renderable, options):
            text, style, control = segment
            yield segment if control or text.isprintable() else Segment(_clean(text), style)


def _clean(text: str) -> str:
    return "".join(c for c in text if c in "\n\t" or category(c) != "Cc")


def _width() -> int | None:
    """Return the width of the output; None for that of the terminal, or what the user set."""
    return None if sys.stdout.isatty() or os.environ.get("COLUMNS") else UNLIMITED


# Printed text may contain a user's names: brackets in them are not markup.
console = CleanConsole(highlight=False, markup=False, emoji=False, width=_width())
errors = CleanConsole(
    stderr=True, highlight=False, markup=False, emoji=False, soft_wrap=not sys.stderr.isatty()
)


@contextmanager
def modes(*, quiet: bool, plain: bool) -> Iterator[None]:
    """Choose what is printed inside the block.

    Args:
        quiet: Print nothing but errors.
        plain: Print as to a file: without colour, and without what moves.
    """
    before = console.quiet, console.no_color, errors.no_color, os.environ.get(TERMINAL)
    console.quiet = quiet
    if plain:
        console.no_color = errors.no_color = True
        os.environ[TERMINAL] = "0"  # rich reads it whenever it asks for a terminal
    try:
        yield
    finally:
        console.quiet, console.no_color, errors.no_color, compatible = before
        os.environ.pop(TERMINAL, None)
        if compatible is not None:
            os.environ[TERMINAL] = compatible
