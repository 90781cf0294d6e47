from html.parser import HTMLParser

import pytest

from reports.forms.html import STYLE, to_html, to_page
from reports.tables.table import VARIANTS
from search_spaces.study import ANY_CORPUS, Column
from tests.reports.factories import make_study, make_table
from tests.reports.forms.golden import mixed_table

VOID = ("meta",)
NASTY = "<b>&\"'[x]"


class Page(HTMLParser):
    """Collects the elements of a page and makes sure that they are closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words += data.split()

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [given for name, given in self.elements if name == tag]


def span_of(given: dict[str, str | None], name: str) -> int:
    span = given.get(name, "1")
    assert span is not None
    return int(span)


def grid_widths(text: str) -> set[int]:
    """Count the columns of every line of a table, cells that reach down from above included."""
    widths: list[int] = []
    reaching: dict[int, int] = {}
    for tag, given in Page(text).elements:
        if tag == "tr":
            widths.append(reaching.get(len(widths), 0))
        if tag in ("th", "td"):
            width = span_of(given, "colspan")
            widths[-1] += width
            for line in range(len(widths), len(widths) + span_of(given, "rowspan") - 1):
                reaching[line] = reaching.get(line, 0) + width
    return set(widths)


@pytest.mark.parametrize("variant", VARIANTS)
def test_page_is_well_formed_and_loads_nothing(variant):
    page = Page(to_page(mixed_table(variant)))
    assert not {"script", "link", "img"} & {tag for tag, _ in page.elements}
    assert not any({"src", "href"} & set(given) for _, given in page.elements)


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_number_is_shown(variant):
    table = mixed_table(variant)
    words = set(Page(to_html(table)).words)
    values = {cell.value for block in table.blocks for row in block.shown for cell in row}
    assert values - {""} <= words


def test_groups_span_their_columns(tmp_path):
    columns = [
        Column(metric="f1", header=header, group=group)
        for group, header in [("Angry", "Acc"), ("Angry", "F1"), ("", "All"), ("Sad", "F1")]
    ]
    text = to_html(make_table(tmp_path, make_study(columns={ANY_CORPUS: columns}), [4, 2, 0]))
    spans = [(given.get("colspan"), given.get("rowspan")) for given in Page(text).all("th")]
    assert spans[:4] == [("4", None), ("2", None), (None, "2"), (None, None)]
    assert grid_widths(text) == {5}


@pytest.mark.parametrize("variant", VARIANTS)
def test_lines_are_equally_wide(variant):
    table = mixed_table(variant)
    assert grid_widths(to_html(table)) == {1 + sum(len(block.columns) for block in table.blocks)}


def test_headers_say_what_they_head():
    page = Page(to_html(mixed_table("beside")))
    assert [given["scope"] for given in page.all("th")] == [
        *["colgroup"] * 3,
        *["col"] * 6,
        *["row"] * 5,
    ]


def test_cell_tells_n_and_interval_where_asked():
    titles = [given.get("title") for given in Page(to_html(mixed_table("beside"))).all("td")]
    assert titles[1:4] == [
        "n = 3 of 3; 95 % t interval 72.16 to 83.81",
        "n = 3 of 3; 95 % t interval 64.63 to 77.73",
        "le_t6/d1111/IEMOCAP.Acc",
    ]


def test_difference_tells_what_is_subtracted():
    """Ours are 80, 75 and 80, the published value 83.79: -5.457 ± 4.303 * 2.887 / sqrt(3)."""
    cells = Page(to_html(mixed_table("minus-published"))).all("td")
    assert cells[1]["title"] == (
        "minus le_t6/d1111/IEMOCAP.Acc; n = 3 of 3; 95 % t interval -12.63 to +1.71"
    )


def test_text_is_escaped(tmp_path):
    table = make_table(tmp_path, make_study([NASTY], title=NASTY), [0])
    page = Page(to_page(table))
    assert page.all("b") == []
    assert NASTY in page.words


def test_style_knows_dark_screens_paper_and_wide_tables():
    for part in ("color-scheme: light dark", "@media print", "overflow-x: auto"):
        assert part in STYLE
