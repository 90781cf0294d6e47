"""What MLflow's pages draw of a search: parallel coordinates, and one objective against another."""

from selenium.webdriver import Chrome

from tests.browser.compare_view import wait_for

AXES = """
const card = [...document.querySelectorAll('[data-testid="experiment-view-compare-runs-card"]')]
    .find(one => one.innerText.trim().startsWith('Parallel Coordinates'));
if (!card) return null;
const labels = [...card.querySelectorAll('.dimension text.label, .parcoords .label')];
return labels.length && labels.map(one => one.textContent);
"""
POINTS = """
const card = [...document.querySelectorAll('[data-testid="experiment-view-compare-runs-card"]')]
    .find(one => one.innerText.includes(' vs. '));
if (!card) return null;
card.scrollIntoView();
const plot = card.querySelector('.js-plotly-plot');
const points = plot && plot.data.find(one => one.customdata && one.customdata.length);
return points && Object.fromEntries(points.customdata.map(
    ([, name], index) => [name, [points.x[index], points.y[index]]]));
"""
COMPARED = """
const plot = [...document.querySelectorAll('.js-plotly-plot')].find(
    one => one.data && one.data[0].type === 'parcoords');
return plot && Object.fromEntries(
    plot.data[0].dimensions.map(one => [one.label, [...one.values]]));
"""


def shown_axes(page: Chrome) -> list[str]:
    """Read the names of the axes of parallel coordinates."""
    return wait_for(lambda: page.execute_script(AXES))


def shown_points(page: Chrome) -> dict[str, list[float]]:
    """Read the points of a scatter plot, by the names of their runs."""
    return wait_for(lambda: page.execute_script(POINTS))


def compared_axes(page: Chrome) -> dict[str, list[float]]:
    """Read the axes of parallel coordinates in the view that compares runs, with their values."""
    return wait_for(lambda: page.execute_script(COMPARED))
