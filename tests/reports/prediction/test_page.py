"""The page of a prediction, and the page that leads to several."""

import re
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from corpora.forms.seen import SeenWave
from reports.figures.style import Drawing
from reports.prediction.index import Entry, to_index
from reports.prediction.page import to_page, wave_path
from reports.prediction.prediction import ModalityWeights
from tests.reports.prediction.factories import NO_MEDIA, make_content, make_prediction

DRAWING = Drawing("name", "What it attends to", "About it.", Figure((2, 1)), pd.DataFrame())
VOID = {"meta", "img", "br", "path"}


class Outline(HTMLParser):
    """The tags of a page, and its text; what is opened is closed in order."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.words: list[str] = []
        self._open: list[str] = []
        self.feed(page)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag."""
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag that closes itself."""
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        """Compare an end with its beginning."""
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Note what is read."""
        if self._open and self._open[-1] != "style":
            self.words.append(data)

    @property
    def text(self) -> str:
        """All that is read, with single blanks."""
        return " ".join(" ".join(self.words).split())

    def all(self, tag: str) -> list[dict[str, str]]:
        """List the attributes of each such tag."""
        return [attributes for name, attributes in self.tags if name == tag]


def test_page_says_what_is_predicted_by_whom_and_what_was_odd() -> None:
    text = Outline(to_page(make_content())).text
    assert "talk.mp4: happy" in text
    assert f"trial {make_content().record.key}" in text
    assert "It has several sound tracks." in text
    assert "happy 0.720 0.55 present" in text
    assert "anger 0.310 0.40 absent" in text
    assert "by code 0.1.0+abc1234" in text


def test_page_says_what_a_modality_changes_and_which_decision_turns() -> None:
    text = Outline(to_page(make_content())).text
    assert "happy 0.720 0.400 (\N{MINUS SIGN}0.320) absent" in text
    assert "anger 0.310 0.310 (+0.000) happy" in text


def test_pictures_have_words_and_nothing_is_loaded() -> None:
    page = to_page(make_content(drawings=(DRAWING,)))
    outline = Outline(page)
    pictures = outline.all("img")
    assert [one["alt"] for one in pictures] == [
        "Frame at 0.00 s: a face that counts",
        "Frame at 1.00 s: no face found",
        "Face at 0.00 s",
        "Stands in for a face at 1.00 s",
        "What it attends to; the caption below says what is drawn",
    ]
    assert all(one["src"].startswith("data:image/") for one in pictures)
    assert not re.search(r"https?://|<link|<script|@import|url\(", page)
    (wave,) = outline.all("svg")
    assert wave["role"] == "img"
    assert wave["aria-label"].startswith("Waveform of 2.0 s")


def test_what_scrolls_can_be_reached_by_keys() -> None:
    outline = Outline(to_page(make_content(drawings=(DRAWING,))))
    wide = [one for one in outline.all("div") if one.get("class") == "wide"]
    assert len(wide) == 3
    ids = {one["id"] for _, one in outline.tags if "id" in one}
    for one in wide:
        assert (one["tabindex"], one["role"]) == ("0", "region")
        assert one.get("aria-label") or one["aria-labelledby"] in ids


def test_box_of_the_face_lies_on_its_frame() -> None:
    page = to_page(make_content())
    assert page.count("left:25.00%;top:10.00%;width:25.00%;height:50.00%") == 1


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {"seen": NO_MEDIA, "faces": ()},
            ("The clip has no pictures.", "The clip has no sound."),
        ),
        ({"prediction": make_prediction(text="", text_from=None)}, ("No words were given.",)),
        ({"faces": ()}, ("This model reads no pictures of faces, but numbers",)),
        ({"num_faces": 90}, ("2 of 90 pictures, evenly over the clip.",)),
        ({}, ("Nothing is drawn.",)),
    ],
    ids=["media", "words", "numbers", "many", "notes"],
)
def test_what_is_missing_is_said(changes: dict[str, Any], words: tuple[str, ...]) -> None:
    text = Outline(to_page(make_content(**changes))).text
    for each in words:
        assert each in text


def test_weights_of_modalities_are_told_with_their_meaning() -> None:
    weights = ModalityWeights("attention", {"text": 0.25, "audio": 0.75})
    text = Outline(to_page(make_content(prediction=make_prediction(weights=weights)))).text
    assert "Weight of each modality's decision in this clip; together 1. modality" in text
    assert "text 0.250 audio 0.750" in text


def test_numbers_of_a_regression_have_a_table_without_decisions() -> None:
    numbers = make_prediction(decisions=(), numbers={"valence": 1.25})
    text = Outline(to_page(make_content(prediction=numbers, without=()))).text
    assert "talk.mp4: valence 1.25" in text
    assert "valence 1.250" in text
    assert "threshold" not in text


def test_words_of_others_are_no_markup() -> None:
    said = make_prediction(clip="<b>.mp4", text="<script>alert(1)</script>", notes=("<i>",))
    page = to_page(make_content(prediction=said, tokens=("<unk>",)))
    assert "<script>" not in page
    words = {word.strip() for word in Outline(page).words}
    assert {"<b>.mp4: happy", "<unk>", "<script>alert(1)</script>"} <= words


def test_wave_reaches_the_edge_where_it_is_loudest() -> None:
    low, high = np.array([-0.1, 0.0]), np.array([0.2, 0.05])
    loud = SeenWave(low.astype(np.float32), high.astype(np.float32))
    assert wave_path(loud) == "M0,0.0 L1,37.5 L1,50.0 L0,75.0Z"
    silence = np.zeros(2, np.float32)
    assert wave_path(SeenWave(silence, silence)) == "M0,50.0 L1,50.0 L1,50.0 L0,50.0Z"


def test_index_leads_to_each_clip_and_names_those_that_failed() -> None:
    entries = [Entry("a b#1.mp4", 2.0, "happy"), Entry("c.mp4", fault="cannot be <read>")]
    page = Outline(
        to_index(entries, title="Clips", about="trial 1", has_pages=True, has_pictures=True)
    )
    assert [one["href"] for one in page.all("a")] == ["a%20b%231.mp4.html", "a%20b%231.mp4.png"]
    assert [one["src"] for one in page.all("img")] == ["a%20b%231.mp4.png"]
    assert "2 clips, 1 of them without a prediction." in page.text
    assert "c.mp4 no prediction: cannot be <read>" in page.text
