import base64
import hashlib
import json
import re
from collections import Counter
from html.parser import HTMLParser

import pytest

from reports.document.content import Report
from reports.document.details import describe_page
from reports.document.html import POLICY, SCRIPT, to_html
from reports.document.trial_line import HEADERS
from reports.document.words import shown_tables
from tests.reports.document.factories import NASTY

NEVER_CLOSED = {"meta", "img", "br"}


class Page(HTMLParser):
    """What a page holds: its text, tags, ids and references; refuses tags that do not match."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: Counter[str] = Counter()
        self.ids: list[str] = []
        self.references: list[str] = []
        self.policies: list[str] = []
        self.texts: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags[tag] += 1
        if tag not in NEVER_CLOSED:
            self.open.append(tag)
        self.ids += [value for name, value in attrs if name == "id" and value]
        self.policies += [given["content"] or ""] if "http-equiv" in given else []
        self.references += [given[name] or "" for name in ("src", "href") if name in given]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())


@pytest.fixture(scope="module")
def html(made: Report) -> str:
    return to_html(made)


@pytest.fixture(scope="module")
def page(html: str) -> Page:
    return Page(html)


def test_page_loads_nothing(html: str, page: Page) -> None:
    assert all(one.startswith(("#", "data:image/png;base64,")) for one in page.references)
    assert "url(" not in html
    assert "@import" not in html
    assert page.tags["link"] == 0
    assert not re.search(r"\b(fetch|import|XMLHttpRequest|WebSocket)\b", SCRIPT)


def test_policy_lets_the_pages_own_script_run_and_nothing_else(html: str, page: Page) -> None:
    scripts = re.findall(r"<script>(.*?)</script>", html, re.DOTALL)
    assert scripts == [SCRIPT]
    digest = base64.b64encode(hashlib.sha256(scripts[0].encode()).digest()).decode()
    assert page.policies == [POLICY]
    assert f"script-src 'sha256-{digest}';" in POLICY
    assert "default-src 'none'" in POLICY
    assert page.tags["script"] == 2  # and what it reads


def test_data_of_the_script_cannot_end_its_element(made: Report, html: str) -> None:
    data = html.partition('id="data">')[2].partition("</script>")[0]
    assert "<" not in data
    assert json.loads(data) == json.loads(json.dumps(describe_page(made)))


def test_ids_are_unique_and_anchors_lead_somewhere(page: Page) -> None:
    assert len(set(page.ids)) == len(page.ids)
    anchors = {one.removeprefix("#") for one in page.references if one.startswith("#")}
    assert {"summary", "study-depth", "study-own", "verdicts-own", "trials"} <= anchors
    assert anchors <= set(page.ids)


def test_every_number_of_the_shown_tables_is_there(made: Report, page: Page) -> None:
    tables = [table for chapter in made.chapters for table in shown_tables(chapter)]
    assert [table.name for table in tables] == [
        *("depth", "depth-minus-published", "depth-minus-baseline"),
        *("never", "never-minus-baseline", "own", "own-minus-baseline"),
    ]
    for table in tables:
        for cell in (cell for block in table.blocks for row in block.shown for cell in row):
            number = f"{cell.value} ± {cell.spread}" if cell.spread else cell.value
            assert number in page.text


def test_users_own_study_is_there_with_its_names_as_they_are(page: Page) -> None:
    assert f"Mine: {NASTY}" in page.text
    assert f"wider {NASTY}" in page.text
    assert f"mine: wider beats the base {NASTY}" in page.text
    assert page.tags["b"] == 0


def test_verdicts_are_told_at_the_top(page: Page) -> None:
    summary = page.text.partition("Study depth")[0]
    assert "1 claim: 1 HOLDS." in summary
    assert "gap +" in summary


def test_unfinished_studies_are_told(page: Page) -> None:
    assert "IEMOCAP, tiny scale: 8 of 9 trials are finished." in page.text
    assert "Synthetic corpus, tiny scale: 0 of 2 trials are finished." in page.text
    assert "(2/3)" in page.text
    assert "There is nothing to draw before a trial is finished." in page.text


def test_every_picture_is_inside(made: Report, page: Page) -> None:
    pictures = [picture for chapter in made.chapters for picture in chapter.pictures]
    assert page.tags["img"] == len(pictures) > 0
    captions = (" ".join(picture.caption.split()) for picture in pictures)
    assert all(caption in page.text for caption in captions)


def test_every_trial_is_in_the_appendix(made: Report, page: Page) -> None:
    appendix = page.text.rpartition(HEADERS[-1])[2]
    assert len(made.trials) == 8 + 5 + 8
    assert all(line.record.key in appendix for line in made.trials)


def test_equal_reports_give_equal_text(made: Report, html: str) -> None:
    assert to_html(made) == html
