"""Pages of tables in a headless browser, at the width of a telephone, a tablet and a desk."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from selenium.webdriver import Chrome

WIDTHS_PX = (320, 390, 768, 1280)
HEIGHT_PX = 900

SCROLL_TO = """
for (const box of document.querySelectorAll('.wide'))
    box.scrollLeft = arguments[0] * (box.scrollWidth - box.clientWidth);
"""
MARKS = """
return [...document.querySelectorAll('.scores td sup')].map(mark => {
    const cell = mark.closest('td'), number = document.createRange();
    number.setStart(cell, 0);
    number.setEndBefore(mark);
    const sign = document.createRange();
    sign.selectNodeContents(mark);
    return [sign, cell, number].map(one => one.getBoundingClientRect())
        .flatMap(box => [box.left, box.right, box.top, box.bottom]);
});
"""
CORNERS = """
return [...document.querySelectorAll('.scores')].map(table => {
    table.scrollIntoView();
    const cell = table.querySelector('thead tr > *'), box = cell.getBoundingClientRect();
    const seen = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
    const name = table.querySelector('tbody th').getBoundingClientRect();
    return [seen === cell, box.left - name.left, box.right - name.right,
            box.left - table.closest('.wide').getBoundingClientRect().left];
});
"""
OVERFLOW = "return document.documentElement.scrollWidth - document.documentElement.clientWidth;"


class Box(NamedTuple):
    """Where something is in the window, in CSS pixels."""

    left: float
    right: float
    top: float
    bottom: float


class MarkPlace(NamedTuple):
    """Where a mark is, its cell, and the number before it."""

    mark: Box
    cell: Box
    number: Box


class Corner(NamedTuple):
    """The empty cell above the names: whether it is on top, and how far it is from its place."""

    is_on_top: bool
    from_names_left: float
    from_names_right: float
    from_edge: float


@contextmanager
def width_of(page: Chrome, width: int, height: int = HEIGHT_PX) -> Iterator[None]:
    """Show a page in a window of some size, without a scroll bar, as a telephone does."""
    size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": True}
    page.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    try:
        yield
    finally:
        page.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def open_page(page: Chrome, file: Path) -> None:
    """Open a file."""
    page.get(file.resolve().as_uri())


def scroll_tables(page: Chrome, share: float) -> None:
    """Scroll all tables sideways: 0 is the left end, 1 the right one."""
    page.execute_script(SCROLL_TO, share)


def find_marks(page: Chrome) -> list[MarkPlace]:
    """Measure every mark behind a number."""
    found = page.execute_script(MARKS)
    return [MarkPlace(Box(*m[:4]), Box(*m[4:8]), Box(*m[8:])) for m in found]


def find_corners(page: Chrome) -> list[Corner]:
    """Look at the corner of every table of scores."""
    return [Corner(*one) for one in page.execute_script(CORNERS)]


def find_overflow(page: Chrome) -> float:
    """Measure by how much the page is wider than the window."""
    overflow: float = page.execute_script(OVERFLOW)
    return overflow
