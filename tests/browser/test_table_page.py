"""What a browser shows of tables: marks stay at their numbers, and no page scrolls sideways."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.webdriver import Chrome

from reports.document.content import Report
from reports.document.files import write_html
from reports.forms.files import write_table
from reports.forms.verdicts import write_verdicts
from search_spaces.claim import greater
from tests.browser.compare_view import BROWSER, DRIVER, browser
from tests.browser.table_page import (
    WIDTHS_PX,
    find_corners,
    find_marks,
    find_overflow,
    open_page,
    scroll_tables,
    width_of,
)
from tests.reports.document.factories import assemble_report, write_study
from tests.reports.factories import make_study

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not (BROWSER and DRIVER), reason="needs Debian's packages chromium and chromium-driver"
    ),
]

ENDLESS = "model." + "without_a_place_to_break" * 8
NEAR_PX = 1.5
"""Browsers place text at fractions of pixels."""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Report:
    """Assemble a report with tied rows beside published ones, and names without end."""
    storage = tmp_path_factory.mktemp("storage")
    names = ("1-1-1-1", "2-2-2-2", "ours", ENDLESS)
    claim = greater(ENDLESS, ENDLESS, ENDLESS, "ours", corpus="iemocap", metric="f1")
    study = make_study(names, title=f"Depth {ENDLESS}", claims=(claim,))
    wrong = {"1-1-1-1": [4, 5, 6], "2-2-2-2": [3, 4, 8], "ours": [3, 5, 5], ENDLESS: [9, 7, 9]}
    for corpus in ("iemocap", "mosei"):
        write_study(storage, study, wrong, corpus, device=ENDLESS)
    return assemble_report(storage)


@pytest.fixture(scope="module")
def pages(made: Report, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Write the report, a page of each variant of the table, and one of the verdicts."""
    folder = tmp_path_factory.mktemp("pages")
    (chapter,) = made.chapters
    tables = [write_table(table, folder)["html"] for table in chapter.tables]
    return [
        write_html(made, folder),
        *tables,
        write_verdicts(chapter.judged, "all", folder)["html"],
    ]


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    with browser(tmp_path_factory.mktemp("profile")) as page:
        yield page


@pytest.mark.parametrize("width", WIDTHS_PX)
def test_marks_stay_at_their_numbers(page: Chrome, pages: list[Path], width: int) -> None:
    open_page(page, pages[0])
    with width_of(page, width):
        for share in (0.0, 0.5, 1.0):
            scroll_tables(page, share)
            marks = find_marks(page)
            assert len(marks) > 10
            for mark, cell, number in marks:
                assert number.right - NEAR_PX <= mark.left <= number.right + NEAR_PX
                assert cell.left <= mark.left < mark.right <= cell.right
                assert cell.top <= mark.top < mark.bottom <= cell.bottom


@pytest.mark.parametrize("width", WIDTHS_PX)
def test_corner_stays_above_the_names(page: Chrome, pages: list[Path], width: int) -> None:
    open_page(page, pages[0])
    with width_of(page, width):
        for share in (0.0, 1.0):
            scroll_tables(page, share)
            corners = find_corners(page)
            assert len(corners) > 2
            for corner in corners:
                assert corner.is_on_top
                assert corner[1:] == pytest.approx((0, 0, 0), abs=NEAR_PX)


@pytest.mark.parametrize("width", WIDTHS_PX)
def test_page_never_scrolls_sideways(page: Chrome, pages: list[Path], width: int) -> None:
    with width_of(page, width):
        for file in pages:
            open_page(page, file)
            assert find_overflow(page) == 0, file.name
