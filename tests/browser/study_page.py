"""What MLflow's pages show of a study: its results, its description, and views of its trials."""

from selenium.webdriver import Chrome

from tests.browser.compare_view import CLOSE_ASSISTANT, wait_for

FRAMES = "return document.querySelectorAll('iframe.mlflow-html-iframe').length;"
PICTURE = """
return [...document.querySelectorAll('img')].some(
    one => one.src.startsWith('blob:') && one.naturalWidth > 300);
"""
DESCRIPTION = """
const text = document.querySelector('[data-testid="note-editor-preview-content"]');
return text && text.querySelector('table') && text.innerText;
"""
UNFOLD = """
document.querySelector('[data-testid="show-comment-toggle"]').click();
"""
LINKS = """
return Object.fromEntries([...document.querySelectorAll(
    '[data-testid="note-editor-preview-content"] a')].map(link => [link.innerText, link.href]));
"""
LINES = """
const cells = {};
for (const row of document.querySelectorAll('.ag-row')) {
    const line = cells[row.getAttribute('row-index')] ??= {};
    for (const cell of row.querySelectorAll('.ag-cell'))
        line[cell.getAttribute('col-id')] = cell.innerText.trim();
}
const lines = Object.keys(cells).sort((a, b) => a - b).map(index => cells[index]);
return lines.length && lines;
"""
CURVES = """
const card = [...document.querySelectorAll('[data-testid="experiment-view-compare-runs-card"]')]
    .find(one => one.innerText.trim().startsWith(arguments[0]));
if (!card) {
    const all = document.querySelectorAll('[data-testid="experiment-view-compare-runs-card"]');
    if (all.length) all[all.length - 1].scrollIntoView();
    return null;
}
card.scrollIntoView();
const plot = card.querySelector('.js-plotly-plot');
const lines = plot ? plot.data.filter(line => line.x && line.x.length > 1) : [];
return lines.length && Object.fromEntries(
    lines.filter(line => !line.y.includes(null))
        .map(line => [line.name || line.uuid.split('.').pop(), [...line.y]]));
"""


def open_page(page: Chrome, address: str) -> None:
    """Open a page anew, and close MLflow's assistant."""
    page.get("about:blank")
    page.get(address)
    wait_for(lambda: page.execute_script("return document.querySelector('main, h1, h2');"))
    page.execute_script(CLOSE_ASSISTANT)


def text_of_html(page: Chrome) -> str:
    """Read the HTML file that a page of artifacts shows."""
    wait_for(lambda: page.execute_script(FRAMES))
    page.switch_to.frame(0)
    try:
        return wait_for(lambda: str(page.execute_script("return document.body.innerText;")))
    finally:
        page.switch_to.default_content()


def shows_picture(page: Chrome) -> bool:
    """Whether a page of artifacts shows a picture."""
    return wait_for(lambda: bool(page.execute_script(PICTURE)))


def description_of(page: Chrome) -> str:
    """Read the description of a run, with its table."""
    return wait_for(lambda: str(page.execute_script(DESCRIPTION) or ""))


def unfold_description(page: Chrome) -> None:
    """Show the whole description: the page shows its beginning."""
    description_of(page)
    page.execute_script(UNFOLD)


def links_of(page: Chrome) -> dict[str, str]:
    """Return where the links of a description lead, by their texts."""
    links: dict[str, str] = page.execute_script(LINKS)
    return links


def shown_lines(page: Chrome) -> list[dict[str, str]]:
    """Read the lines of a view of runs: cells by column."""
    return wait_for(lambda: page.execute_script(LINES))


def shown_curves(page: Chrome, metric: str) -> dict[str, list[float]]:
    """Read every curve in the chart of a metric, by the name of its trial or row."""
    return wait_for(lambda: page.execute_script(CURVES, metric))
