"""IEMOCAP as Dai et al. (2021) release it: all frames of both actors, and their sound."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path

from corpora.iemocap.ids import side_of
from corpora.iemocap.splits import iemocap_split_rule
from corpora.iemocap.turn import (
    LABEL_SETS,
    USUAL_LABELS,
    LabelSet,
    Turn,
    check_iemocap_id,
    make_iemocap_utterance,
)
from corpora.media.segments import ImageSequence, SoundSegment
from corpora.readers.dai_release import (
    Entry,
    UtteranceFolders,
    bad_field,
    entry_of,
    number_in,
    numbered_images,
    read_meta,
    sound_length_s,
    text_in,
)
from corpora.readers.intake import FAITHFUL, build_source
from corpora.recipes.pictures import Compat
from corpora.source.names import kind_of
from corpora.source.split import Split
from corpora.source.utterance import Source, Utterance

MEDIA_FOLDER, SPLIT_FOLDER = "IEMOCAP_RAW_PROCESSED", "IEMOCAP_SPLIT"
FRAME_RATE_FPS = 29.97
"""The frame rate of the videos, if `meta.pkl` does not name it."""

ASSUMED_RATE_FPS = 30.0
"""The rate that Dai et al.'s loader assumes for the images."""


def read_dai_iemocap(
    folder: Path,
    *,
    splits: Path | None = None,
    leave_out_session: int | None = None,
    compat: Compat = FAITHFUL,
    labels: str = USUAL_LABELS,
) -> Source:
    """Read the release; its transcripts lack the words before a colon.

    Args:
        folder: Holds `IEMOCAP_RAW_PROCESSED` and `IEMOCAP_SPLIT`.
        splits: A folder of id lists; by default the release's.
        leave_out_session: The session that becomes the test split, instead of lists.
        compat: `dai_last_frame` leaves out the last image of each utterance, `dai_iemocap_step`
            assumes 30 images a second, so images 0, 15, 30 ... lie half a second apart.
        labels: Which of `LABEL_SETS` is made of its labels.

    Raises:
        CorpusError: If the release is incomplete, or two ways to split it are given.
    """
    if splits is None and leave_out_session is None:
        splits = folder / SPLIT_FOLDER
    rule = iemocap_split_rule(splits, leave_out_session)
    meta = read_meta(folder / MEDIA_FOLDER)
    folders = UtteranceFolders(folder / MEDIA_FOLDER)
    return build_source(
        kind_of("iemocap", labels, USUAL_LABELS),
        LABEL_SETS[labels].space,
        folder,
        found=meta,
        rule=rule,
        make=partial(
            _make, meta=meta, folders=folders, compat=compat, label_set=LABEL_SETS[labels]
        ),
    )


def _make(
    utterance_id: str,
    split: Split | None,
    *,
    meta: Mapping[str, object],
    folders: UtteranceFolders,
    compat: Compat,
    label_set: LabelSet,
) -> Utterance:
    check_iemocap_id(utterance_id)
    entry = entry_of(utterance_id, meta, folders)
    side = "L" if side_of(utterance_id) == "left" else "R"

    def media(start_s: float, end_s: float) -> tuple[ImageSequence, SoundSegment]:
        place = folders.find(utterance_id)
        images = numbered_images(place, f"image_{side}_")
        wave = place / f"audio_{side}.wav"
        sound_length_s(wave)
        rate_fps = ASSUMED_RATE_FPS if compat.dai_iemocap_step else _rate_fps(entry)
        return (
            ImageSequence(images[:-1] if compat.dai_last_frame else images, rate_fps),
            SoundSegment(wave, 0.0, end_s - start_s),
        )

    return make_iemocap_utterance(utterance_id, split, _turn_of(entry), media, label_set)


def _turn_of(entry: Entry) -> Turn:
    return Turn(
        label=text_in(entry, "label"),
        text=text_in(entry, "text") if "text" in entry else None,
        start=number_in(entry, "start_time"),
        end=number_in(entry, "end_time"),
    )


def _rate_fps(entry: Entry) -> float:
    if "fps" not in entry:
        return FRAME_RATE_FPS
    rate_fps = number_in(entry, "fps")
    if not 0 < rate_fps < float("inf"):
        raise bad_field("fps", rate_fps, "a rate above 0")
    return rate_fps
