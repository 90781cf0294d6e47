"""The consoles that commands print to."""

from collections.abc import Iterable
from unicodedata import category

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment


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


# Printed text may contain a user's names: brackets in them are not markup.
console = CleanConsole(highlight=False, markup=False, emoji=False)
errors = CleanConsole(stderr=True, highlight=False, markup=False, emoji=False, soft_wrap=True)
