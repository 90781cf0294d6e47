import io
import re
from base64 import b64decode
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from corpora.preparation.prepare import prepare
from corpora.readers.clip_folder import read_clips
from corpora.recipes.pictures import LE, LE_WAVE, XIA, PowerMel, Recipe, VggishLogMel
from corpora.store.folders import recipe_folder
from corpora.store.manifest import Manifest
from reports.corpus.contact_picture import RANGE_DB, draw_utterances, lines_each, loudness_db
from reports.corpus.contact_samples import Sample, pick_samples
from reports.corpus.contact_sheet import write_contact_sheet
from tests.corpora.media_factory import (
    clip_lines,
    write_clip_folder,
    write_csv,
    write_sound,
    write_video,
)

HARD_TEXT = "<b>$5 & $6</b> Ünïcödé \N{GRINNING FACE} " + "or more " * 200

every_recipe = pytest.mark.parametrize("recipe", [LE, XIA, LE_WAVE], ids=lambda recipe: recipe.name)


@dataclass(frozen=True)
class Prepared:
    """A corpus without faces; one utterance is silent, one is long and hard to write."""

    storage: Path
    manifests: dict[str, Manifest]

    def folder(self, recipe: Recipe) -> Path:
        return recipe_folder(self.storage, "mine", recipe.name)

    def pick(self, recipe: Recipe, num_samples: int) -> list[Sample]:
        manifest = self.manifests[recipe.name]
        return pick_samples(manifest, recipe, self.folder(recipe), num_samples)

    def write(self, recipe: Recipe, num_samples: int) -> tuple[Path, Path]:
        manifest = self.manifests[recipe.name]
        return write_contact_sheet(manifest, recipe, self.folder(recipe), num_samples)


class Images(HTMLParser):
    """Collects what a page shows."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.images: list[bytes] = []
        self.tags: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag == "img":
            self.images.append(
                b64decode(str(dict(attrs)["src"]).removeprefix("data:image/jpeg;base64,"))
            )


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    storage = tmp_path_factory.mktemp("sheet")
    write_video(storage / "clips" / "silent.mp4", sound_hz=None)
    write_video(storage / "clips" / "long.mp4", seconds=60.0, fps=1)
    lines = clip_lines()
    lines[3] |= {"file": "long.mp4", "start": 0, "end": 60, "text": HARD_TEXT, "utterance": "<3>"}
    lines[6] |= {"file": "silent.mp4"}
    source = read_clips(write_clip_folder(storage / "clips", lines))
    manifests = prepare(source, [LE, XIA, LE_WAVE], name="mine", storage=storage)
    return Prepared(storage, manifests)


@pytest.fixture(scope="module")
def nine(prepared: Prepared) -> tuple[str, bytes]:
    """Write a sheet of nine utterances, the hard ones among them: its page and its picture."""
    page, picture = prepared.write(LE, 9)
    return page.read_text(encoding="utf-8"), picture.read_bytes()


def test_what_lacks_something_comes_first(prepared: Prepared) -> None:
    lacks = [(sample.split, sample.lacks) for sample in prepared.pick(LE, 8)]
    assert lacks[0] == ("train", ("no face",))
    assert ("valid", ("no face", "no sound")) in lacks[:2]


def test_every_split_and_emotion_is_met(prepared: Prepared) -> None:
    samples = prepared.pick(LE, 9)
    assert len({sample.row.id for sample in samples}) == 9
    met = {(sample.split, emotion) for sample in samples for emotion in sample.emotions}
    assert met == {(s, e) for s in ("train", "valid", "test") for e in ("happy", "sad")}


def test_numbers_are_shown_from_every_third_of_their_values(tmp_path: Path) -> None:
    lines = [
        {k: v for k, v in line.items() if k not in ("happy", "sad")} | {"valence": index % 4 + 0.5}
        for index, line in enumerate(clip_lines())
    ]
    source = read_clips(write_clip_folder(tmp_path / "clips", lines))
    numbers = Prepared(tmp_path, prepare(source, [LE], name="mine", storage=tmp_path))
    samples = numbers.pick(LE, 9)
    assert len({sample.row.id for sample in samples}) == 9
    thirds = {"0.5": "low", "1.5": "low", "2.5": "middle", "3.5": "high"}
    met = {
        (sample.split, thirds[word.removeprefix("valence ")])
        for sample in samples
        for word in sample.emotions
    }
    assert len(met) == 9
    page, _ = numbers.write(LE, 9)
    assert "<span>valence 3.5</span>" in page.read_text(encoding="utf-8")


def test_same_utterances_are_picked_every_time(prepared: Prepared) -> None:
    ids = [[sample.row.id for sample in prepared.pick(LE, 7)] for _ in range(2)]
    assert ids[0] == ids[1]
    assert len(ids[0]) == 7


def test_fewer_utterances_than_wanted_are_all_that_there_are(prepared: Prepared) -> None:
    assert 9 <= len(prepared.pick(LE, 50)) <= 12


@every_recipe
def test_page_shows_every_utterance_and_needs_no_other_file(
    prepared: Prepared, recipe: Recipe
) -> None:
    page, _ = prepared.write(recipe, 4)
    text = page.read_text(encoding="utf-8")
    shown = Images(text)
    assert len(shown.images) == 4
    assert all(Image.open(io.BytesIO(image)).format == "JPEG" for image in shown.images)
    assert not {"link", "script"} & set(shown.tags)
    assert not re.findall(r"(?:src|href)=\"(?!data:)", text)


def test_page_escapes_what_was_said(nine: tuple[str, bytes]) -> None:
    text, _ = nine
    assert "&lt;b&gt;$5 &amp; $6&lt;/b&gt; Ünïcödé \N{GRINNING FACE} or more" in text
    assert "<h2>&lt;3&gt;" in text
    assert "b" not in Images(text).tags


@every_recipe
def test_picture_frames_in_red_what_shows_no_face(prepared: Prepared, recipe: Recipe) -> None:
    _, picture = prepared.write(recipe, 2)
    with Image.open(picture) as image:
        pixels = np.asarray(image.convert("RGB")).astype(int)
    is_red = (abs(pixels - (0xD1, 0x24, 0x2F)) < 12).all(2)
    # Each of two utterances of two windows has four frames' sides, hundreds of pixels long.
    assert is_red.sum() > 2 * 2 * 4 * 100


def test_long_utterance_is_cut(prepared: Prepared, nine: tuple[str, bytes]) -> None:
    (long,) = (sample for sample in prepared.pick(LE, 9) if sample.row.id == "<3>")
    assert len(long.row.found) == 60
    page, picture = nine
    heights = [Image.open(io.BytesIO(image)).height for image in Images(page).images]
    assert max(heights) < 800
    with Image.open(io.BytesIO(picture)) as image:
        assert image.height < sum(heights) + 9 * 300


@pytest.mark.slow
def test_many_utterances_have_fewer_faces_each(prepared: Prepared) -> None:
    assert [lines_each(number) for number in (0, 1, 12, 24, 48, 50)] == [4, 4, 4, 2, 1, 1]
    (long,) = (sample for sample in prepared.pick(LE, 9) if sample.row.id == "<3>")
    (alone,) = draw_utterances([long], LE)
    among_many = draw_utterances([long] * 16, LE)
    assert {picture.height for picture in among_many} == {round(alone.height * 3 / 4)}


def test_equal_corpora_give_equal_bytes(prepared: Prepared) -> None:
    first = [path.read_bytes() for path in prepared.write(LE, 3)]
    assert first == [path.read_bytes() for path in prepared.write(LE, 3)]


def test_loudness_of_power_has_a_floor() -> None:
    mels = np.zeros((2, 128, 32), np.float32)
    mels[1, 5, 0], mels[1, 6, 1] = 100.0, 1.0
    loudness = loudness_db(mels, PowerMel())
    assert loudness.shape == (128, 64)
    assert (loudness[5, 32], loudness[6, 33]) == pytest.approx((20, 0))
    assert loudness.min() == pytest.approx(20 - RANGE_DB)


def test_loudness_of_log_magnitude_is_in_decibels_too() -> None:
    mels = np.full((2, 96, 64), np.log(0.01), np.float32)
    mels[1, 0, 5] = np.log(10.0)
    loudness = loudness_db(mels, VggishLogMel())
    assert loudness.shape == (64, 192)
    assert loudness[5, 96] == pytest.approx(20, abs=1e-4)
    assert loudness.min() == pytest.approx(-40, abs=1e-4)


def test_loudness_of_silence_is_all_alike() -> None:
    assert np.ptp(loudness_db(np.zeros((1, 128, 32), np.float32), PowerMel())) == 0


def test_sheet_of_sound_files_shows_no_faces(tmp_path: Path) -> None:
    write_sound(tmp_path / "clips" / "a.wav", seconds=2.0)
    write_csv(tmp_path / "clips" / "clips.csv", clip_lines(file="a.wav"))
    manifests = prepare(read_clips(tmp_path / "clips"), [LE], name="mine", storage=tmp_path)
    heard = Prepared(tmp_path, manifests)
    samples = heard.pick(LE, 4)
    assert [(len(sample.row.crops), sample.lacks) for sample in samples] == [(0, ())] * 4
    assert all(len(sample.row.mels) for sample in samples)
    page, _ = heard.write(LE, 4)
    text = page.read_text(encoding="utf-8")
    assert "Sound: black is the quietest" in text
    assert "Faces in time order" not in text
    assert "with a face" not in text
