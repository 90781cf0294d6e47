"""Consoles whose texts cannot command the terminal."""

import io
from collections.abc import Callable

import pytest
from rich.console import Console, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from orchestrator.terminal import CleanConsole

HOSTILE = "a\x1b]0;owned\x07\x1b[2J\x9b31m\0b"
HARMLESS = "a]0;owned[2J31mb"


def table_of(text: str) -> Table:
    table = Table(box=None)
    table.add_column(text)
    table.add_row(text)
    return table


RENDERABLES: dict[str, Callable[[str], RenderableType]] = {
    "str": str,
    "text": Text,
    "table": table_of,
    "panel": lambda text: Panel(Text(text), title=text),
}


def shown(console_of: type[Console], renderable: RenderableType) -> str:
    file = io.StringIO()
    console = console_of(file=file, width=60, force_terminal=True, markup=False, highlight=False)
    console.print(renderable, style="red")
    return file.getvalue()


@pytest.mark.parametrize("make", RENDERABLES.values(), ids=RENDERABLES)
def test_text_loses_its_control_characters_and_nothing_else(
    make: Callable[[str], RenderableType],
) -> None:
    text = shown(CleanConsole, make(HOSTILE))
    assert HARMLESS in text
    assert text == shown(Console, make(HARMLESS))


def test_progress_is_clean_and_still_moves_the_cursor() -> None:
    file = io.StringIO()
    console = CleanConsole(file=file, width=60, force_terminal=True)
    with Live(Text(HOSTILE), console=console, auto_refresh=False) as live:
        live.update(Text(f"{HOSTILE}2"), refresh=True)
    text = file.getvalue()
    assert f"{HARMLESS}2" in text
    assert "\x1b]0;" not in text
    assert "\x1b[2K" in text


def test_lines_and_tabs_stay() -> None:
    assert shown(CleanConsole, Text("a\nb\tc")) == shown(Console, Text("a\nb\tc"))
