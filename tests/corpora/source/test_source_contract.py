"""What every corpus keeps to, whatever its release looks like."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from corpora.source.split import SPLITS
from corpora.source.utterance import Source
from tests.corpora.laid_utterances import LaidUtterance, drawn, plain
from tests.corpora.layouts import LAYOUTS, Layout

RATE_HZ, INTERVAL_S, CENTRE_PX = 16_000, 0.5, 180

every_layout = pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.name)
ReadDrawn = Callable[[Layout], Source]
LayPlain = Callable[[Layout, Path], Path]


def laid(layout: Layout) -> dict[str, LaidUtterance]:
    return {utterance.id: utterance for utterance in layout.utterances(drawn)}


def centre(frame: NDArray[np.uint8]) -> NDArray[np.float64]:
    top, left = ((side - CENTRE_PX) // 2 for side in frame.shape[:2])
    return frame[top : top + CENTRE_PX, left : left + CENTRE_PX].astype(float)


def difference(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    return float(np.abs(centre(one) - centre(other)).mean())


@every_layout
def test_utterances_are_those_laid_out(drawn_source: ReadDrawn, layout: Layout) -> None:
    source = drawn_source(layout)
    expected = {
        name: (utterance.text, utterance.labels, utterance.split)
        for name, utterance in laid(layout).items()
    }
    assert {u.id: (u.text, u.labels, u.split) for u in source.utterances} == expected
    assert len(source.utterances) == len(expected)
    assert not source.rejects


@every_layout
def test_every_split_has_every_emotion(drawn_source: ReadDrawn, layout: Layout) -> None:
    source = drawn_source(layout)
    for split in SPLITS:
        labels = [u.labels for u in source.utterances if u.split == split]
        assert np.any(labels, axis=0).tolist() == [True] * len(source.emotions)


@every_layout
def test_duration_is_that_of_what_was_said(drawn_source: ReadDrawn, layout: Layout) -> None:
    expected = laid(layout)
    for utterance in drawn_source(layout).utterances:
        span_s = expected[utterance.id].end_s - expected[utterance.id].start_s
        assert utterance.duration_s == pytest.approx(span_s, abs=layout.padding_s or 1e-6)


@every_layout
def test_pictures_show_the_speaker_in_time(drawn_source: ReadDrawn, layout: Layout) -> None:
    expected = laid(layout)
    for utterance in drawn_source(layout).utterances:
        times_s = np.arange(0, utterance.duration_s, INTERVAL_S).tolist()
        frames = list(utterance.pictures.frames(times_s))
        assert len(frames) == len(times_s)
        for time_s, frame in zip(times_s, frames, strict=True):
            assert frame.dtype == np.uint8
            assert frame.shape[2] == 3
            frames_shown = expected[utterance.id].frames
            shown = frames_shown[min(int(time_s * 8), len(frames_shown) - 1)]
            assert difference(frame, shown) < 6
            assert difference(frame, expected[utterance.id].listener) > 12


@every_layout
def test_sound_is_the_speaker_for_as_long_as_it_lasts(
    drawn_source: ReadDrawn, layout: Layout
) -> None:
    expected = laid(layout)
    for utterance in drawn_source(layout).utterances:
        wave = utterance.sound.wave(rate_hz=RATE_HZ)
        assert wave is not None
        assert len(wave) == round(utterance.duration_s * RATE_HZ)
        spoken = expected[utterance.id].wave[: len(wave)]
        assert np.corrcoef(wave[: len(spoken)], spoken)[0, 1] > 0.95


@pytest.mark.parametrize("layout", LAYOUTS[1:], ids=lambda layout: layout.name)
def test_group_and_speaker_are_what_the_ids_tell(drawn_source: ReadDrawn, layout: Layout) -> None:
    expected = {name: (u.group, u.speaker) for name, u in laid(layout).items()}
    assert {u.id: (u.group, u.speaker) for u in drawn_source(layout).utterances} == expected


@every_layout
@pytest.mark.parametrize(
    "change",
    [
        lambda first: replace(first, text=f"{first.text} indeed"),
        lambda first: replace(first, labels=first.labels[1:] + first.labels[:1]),
    ],
    ids=["text", "label"],
)
def test_digest_changes_with(
    tmp_path: Path,
    lay_plain: LayPlain,
    layout: Layout,
    change: Callable[[LaidUtterance], LaidUtterance],
) -> None:
    first, *others = layout.utterances(plain)
    before = layout.read(lay_plain(layout, tmp_path / "before")).digest
    changed = layout.write(tmp_path / "after", [change(first), *others])
    assert layout.read(changed).digest != before


@every_layout
@pytest.mark.parametrize("media", ["pictures", "sound"])
def test_digest_changes_with_a_byte_of(
    tmp_path: Path, lay_plain: LayPlain, layout: Layout, media: str
) -> None:
    folder = lay_plain(layout, tmp_path / "laid")
    source = layout.read(folder)
    file = getattr(source.utterances[0], media).files[0]
    file.write_bytes(file.read_bytes() + b"\0")
    assert layout.read(folder).digest != source.digest


@every_layout
def test_digest_stays_when_the_folder_is_moved(
    tmp_path: Path, lay_plain: LayPlain, layout: Layout
) -> None:
    digest = layout.read(lay_plain(layout, tmp_path / "here")).digest
    moved = (tmp_path / "here").rename(tmp_path / "there")
    assert layout.read(moved).digest == digest
