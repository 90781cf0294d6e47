"""CMU-MOSEI as Dai et al. (2021) release it: two images a second, and sound."""

from collections.abc import Mapping
from functools import partial
from numbers import Real
from pathlib import Path

import numpy as np

from corpora.media.segments import ImageSequence, SoundSegment
from corpora.mosei.ids import video_of
from corpora.mosei.labels import MOSEI_EMOTIONS
from corpora.readers.dai_release import (
    Entry,
    UtteranceFolders,
    bad_field,
    entry_of,
    numbered_images,
    read_meta,
    sound_length_s,
    text_in,
)
from corpora.readers.intake import FAITHFUL, SplitRule, build_source, require_split
from corpora.readers.split_lists import read_split_lists
from corpora.recipes.pictures import Compat
from corpora.source.errors import MediaError
from corpora.source.label_space import LabelSpace
from corpora.source.rejects import RejectReason
from corpora.source.split import Split
from corpora.source.utterance import Source, Utterance

MEDIA_FOLDER, SPLIT_FOLDER = "MOSEI_RAW_PROCESSED", "MOSEI_SPLIT"
ASSUMED_RATE_FPS = 30.0
"""The rate that Dai et al.'s loader assumes for the images."""


def read_dai_mosei(
    folder: Path, *, splits: Path | None = None, compat: Compat = FAITHFUL
) -> Source:
    """Read the release.

    Departure: the release does not say how many images a second were stored, and the rate differs
    between videos. So it is estimated: the number of images over the sound's length.

    Args:
        folder: Holds `MOSEI_RAW_PROCESSED` and `MOSEI_SPLIT`.
        splits: A folder of id lists; by default the release's.
        compat: `dai_mosei_step` assumes 30 images a second.

    Raises:
        CorpusError: If the release is incomplete.
    """
    rule = SplitRule.from_lists(read_split_lists(splits or folder / SPLIT_FOLDER))
    meta = read_meta(folder / MEDIA_FOLDER)
    folders = UtteranceFolders(folder / MEDIA_FOLDER)
    return build_source(
        "mosei",
        LabelSpace(MOSEI_EMOTIONS),
        folder,
        found=meta,
        rule=rule,
        make=partial(_make, meta=meta, folders=folders, compat=compat),
    )


def _make(
    utterance_id: str,
    split: Split | None,
    *,
    meta: Mapping[str, object],
    folders: UtteranceFolders,
    compat: Compat,
) -> Utterance:
    video = video_of(utterance_id)
    entry = entry_of(utterance_id, meta, folders)
    labels = _labels_in(entry)
    if "text" not in entry:
        raise MediaError(RejectReason.NO_TEXT, "it has a label and no transcript")
    text = text_in(entry, "text")
    known_split = require_split(split)
    place = folders.find(utterance_id)
    images, wave = numbered_images(place, "image_"), place / "audio.wav"
    duration_s = sound_length_s(wave)
    stored_fps = len(images) / duration_s
    rate_fps = ASSUMED_RATE_FPS if compat.dai_mosei_step else stored_fps
    return Utterance(
        id=utterance_id,
        pictures=ImageSequence(images, rate_fps),
        sound=SoundSegment(wave, 0.0, duration_s, channel=0),
        duration_s=duration_s,
        text=text,
        labels=labels,
        split=known_split,
        group=video,
    )


def _labels_in(entry: Entry) -> tuple[int, ...]:
    labels = entry.get("label")
    values = list(labels) if isinstance(labels, list | tuple | np.ndarray) else []
    numbers = [int(value == 1) for value in values if isinstance(value, Real) and value in (0, 1)]
    if not len(numbers) == len(values) == len(MOSEI_EMOTIONS):
        raise bad_field("label", labels, f"0 or 1 for each of {', '.join(MOSEI_EMOTIONS)}")
    return tuple(numbers)
