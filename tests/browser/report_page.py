"""What a reader does with the report in a headless browser: sort, filter, point, press keys."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from selenium.webdriver import ActionChains, Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.select import Select

from tests.browser.compare_view import wait_for

TABLE = "tab:depth"
COLUMN = """
const table = document.getElementById(arguments[0]).querySelector('table');
return [...table.tBodies[0].rows].map(row => row.cells[arguments[1]].innerText.trim());
"""
HEADS = """
const table = document.getElementById(arguments[0]).querySelector('table');
return [...table.tHead.rows].map(row => [...row.cells]
    .filter(cell => cell.getClientRects().length)
    .map(cell => [cell.innerText.replaceAll(/\\s+/g, ' ').trim(), cell.colSpan]));
"""
SHOWN = """
return [...document.querySelectorAll(arguments[0])]
    .filter(one => one.getClientRects().length).map(one => one.id || one.innerText.trim());
"""
COLOURS = """
const style = getComputedStyle(document.body), page = getComputedStyle(document.documentElement);
return [style.color, page.backgroundColor];
"""
REMAINS_S = 0.6
"""How long a box may take to go."""


@contextmanager
def colours_of(page: Chrome, scheme: str) -> Iterator[None]:
    """Let the system prefer light or dark colours."""
    feature = [{"name": "prefers-color-scheme", "value": scheme}]
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": feature})
    try:
        yield
    finally:
        page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def read_column(page: Chrome, column: int, table: str = TABLE) -> list[str]:
    """Read a column of a table's rows, as they stand now."""
    found: list[str] = page.execute_script(COLUMN, table, column)
    return found


def read_heads(page: Chrome, table: str = TABLE) -> list[list[tuple[str, int]]]:
    """Read the visible headers, line by line, each with the number of columns it spans."""
    found = page.execute_script(HEADS, table)
    return [[(text, width) for text, width in line] for line in found]


def list_shown(page: Chrome, selector: str) -> list[str]:
    """List the elements that are visible, by their ids, else by their texts."""
    found: list[str] = page.execute_script(SHOWN, selector)
    return found


def find_header(page: Chrome, number: int, table: str = TABLE) -> WebElement:
    """Find the header of a column that sorts, by its number among them."""
    figure = page.find_element(By.ID, table)
    return figure.find_elements(By.CSS_SELECTOR, "th[scope=col]")[number]


def choose(page: Chrome, name: str, text: str) -> None:
    """Choose in a filter."""
    Select(page.find_element(By.NAME, name)).select_by_visible_text(text)


def read_state(page: Chrome) -> str:
    """Read what the filters leave."""
    return page.find_element(By.ID, "state").text


def press(page: Chrome, *keys: str) -> None:
    """Press keys, wherever the focus is."""
    ActionChains(page).send_keys(*keys).perform()


def read_box(page: Chrome) -> str:
    """Read the box with the details of a number; empty if it is hidden."""
    return page.find_element(By.ID, "details").text


def wait_for_no_box(page: Chrome) -> None:
    """Wait until the box is gone."""
    wait_for(lambda: not read_box(page) or None, limit_s=10)


def stays(page: Chrome) -> bool:
    """Whether the box is still there after the time in which it would go."""
    time.sleep(REMAINS_S)
    return bool(read_box(page))


def name_focus(page: Chrome) -> str:
    """Name what has the focus: by its text, or its id."""
    element = page.switch_to.active_element
    return element.text or str(element.get_attribute("id"))


def read_colours(page: Chrome) -> tuple[str, str]:
    """Read the colours of letters and of paper."""
    ink, paper = page.execute_script(COLOURS)
    return ink, paper
