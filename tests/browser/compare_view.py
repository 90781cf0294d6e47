"""MLflow's page in a headless browser: the view that compares runs, and the curves of a metric."""

import json
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from selenium import webdriver
from selenium.webdriver import Chrome
from selenium.webdriver.chrome.service import Service

T = TypeVar("T")

BROWSER, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1500,1200",
)

PARAMS = """
const switches = document.querySelector('button[aria-label="Parameters - Show diff only"]');
let place = switches;
while (place && !place.querySelector('table')) place = place.parentElement;
return place && Object.fromEntries([...place.querySelectorAll('tr')].map(
    line => [line.querySelector('th').innerText,
             [...line.querySelectorAll('td')].map(cell => cell.innerText)]));
"""
METRICS = """
return [...document.querySelectorAll('a[title="Plot chart"]')].map(link => link.innerText.trim());
"""
LINK = """
return [...document.querySelectorAll('a[title="Plot chart"]')].find(
    link => link.innerText.trim() === arguments[0]).href;
"""
CURVES = """
const plot = document.querySelector('.js-plotly-plot');
return plot && plot.querySelector('path.js-line') && plot.data
    .filter(line => line.x && line.x.length)
    .map(line => [line.name, [...line.x], [...line.y]]);
"""
FOLD_PLOTS = """
[...document.querySelectorAll('[role="button"], button, summary')]
    .find(head => head.innerText.trim() === 'Visualizations').click();
"""
CLOSE_ASSISTANT = """
const close = document.querySelector('button[aria-label="Close"]');
if (close) close.click();
"""


@contextmanager
def browser(profile: Path) -> Iterator[Chrome]:
    """Start a browser with a fresh profile; it is gone afterwards."""
    options = webdriver.ChromeOptions()
    options.binary_location = str(BROWSER)
    for flag in (*FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    driver = webdriver.Chrome(options=options, service=Service(DRIVER))
    try:
        yield driver
    finally:
        driver.quit()


def wait_for(look: Callable[[], T | None], limit_s: float = 60) -> T:
    """Look until there is something to see."""
    deadline = time.monotonic() + limit_s
    while not (found := look()):
        assert time.monotonic() < deadline, "the page did not show it in time"
        time.sleep(0.2)
    return found


def open_compare_view(page: Chrome, server: str, experiment: str, runs: Sequence[str]) -> None:
    """Open the view that compares runs."""
    where = f"runs={_compact(runs)}&experiments={_compact([experiment])}"
    page.get(f"{server}/#/compare-runs?{where}")
    wait_for(lambda: page.execute_script(PARAMS))
    page.execute_script(CLOSE_ASSISTANT)


def fold_plots(page: Chrome) -> None:
    """Fold up the part above the tables, whose plots are of MLflow's own choice."""
    page.execute_script(FOLD_PLOTS)
    time.sleep(1)  # it slides


def shown_params(page: Chrome) -> dict[str, list[str]]:
    """Read the table of params: each with its values, a run each."""
    params: dict[str, list[str]] = page.execute_script(PARAMS)
    return params


def shown_metrics(page: Chrome) -> list[str]:
    """Read the names in the table of metrics, as far as the window shows it."""
    return wait_for(lambda: page.execute_script(METRICS))


def open_curves(page: Chrome, metric: str) -> dict[str, tuple[list[float], list[float]]]:
    """Follow a metric's link; return steps and values of each line that is drawn, by its name."""
    page.get(page.execute_script(LINK, metric))
    drawn = wait_for(lambda: page.execute_script(CURVES))
    page.execute_script(CLOSE_ASSISTANT)
    return {name: (steps, values) for name, steps, values in drawn}


def _compact(values: Sequence[str]) -> str:
    return json.dumps(list(values), separators=(",", ":"))
