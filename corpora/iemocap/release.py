"""IEMOCAP as its authors release it: dialogues of two actors, filmed side by side."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path

from corpora.iemocap.annotations import Annotations
from corpora.iemocap.ids import dialogue_of, side_of
from corpora.iemocap.splits import NUM_SESSIONS, iemocap_split_rule
from corpora.iemocap.turn import (
    LABEL_SETS,
    USUAL_LABELS,
    LabelSet,
    check_iemocap_id,
    make_iemocap_utterance,
)
from corpora.media.segments import SoundSegment, VideoSegment
from corpora.readers.intake import FAITHFUL, build_source
from corpora.readers.release_files import files_by_stem, visible_files
from corpora.recipes.pictures import Compat
from corpora.source.errors import CorpusError, MediaError
from corpora.source.names import kind_of
from corpora.source.rejects import RejectReason
from corpora.source.split import Split
from corpora.source.utterance import Source, Utterance

EVALUATIONS, TRANSCRIPTS = Path("EmoEvaluation"), Path("transcriptions")
WAVES, VIDEOS = Path("wav"), Path("avi/DivX")
CENTRE_PX = 224
"""Side of the square in the middle of an actor's half (Dai et al. 2021, their notebook)."""


def read_iemocap(
    folder: Path,
    *,
    splits: Path | None = None,
    leave_out_session: int | None = None,
    compat: Compat = FAITHFUL,
    labels: str = USUAL_LABELS,
) -> Source:
    """Read `IEMOCAP_full_release`.

    Args:
        folder: Holds `Session1` to `Session5`.
        splits: A folder of id lists.
        leave_out_session: The session that becomes the test split, if there are no lists.
        compat: `dai_transcripts` cuts sentences with a colon.
        labels: Which of `LABEL_SETS` is made of its labels.

    Raises:
        CorpusError: If the release is incomplete, or not exactly one way to split it is given.
    """
    rule = iemocap_split_rule(splits, leave_out_session)
    dialogs = _dialog_folders(folder)
    annotations = Annotations()
    for dialog in dialogs:
        for path in visible_files(dialog / EVALUATIONS, "*.txt"):
            annotations.add_evaluations(path)
        for path in visible_files(dialog / TRANSCRIPTS, "*.txt"):
            annotations.add_transcripts(path, keep_last_piece=compat.dai_transcripts)
    return build_source(
        kind_of("iemocap", labels, USUAL_LABELS),
        LABEL_SETS[labels].space,
        folder,
        found=annotations.ids,
        rule=rule,
        make=partial(
            _make,
            annotations=annotations,
            waves=files_by_stem((dialog / WAVES for dialog in dialogs), "*.wav"),
            videos=files_by_stem((dialog / VIDEOS for dialog in dialogs), "*.avi"),
            label_set=LABEL_SETS[labels],
        ),
        rejects=annotations.rejects,
    )


def _dialog_folders(folder: Path) -> list[Path]:
    dialogs = [folder / f"Session{n}" / "dialog" for n in range(1, NUM_SESSIONS + 1)]
    missing = [
        str((dialog / part).relative_to(folder))
        for dialog in dialogs
        for part in (EVALUATIONS, TRANSCRIPTS, WAVES, VIDEOS)
        if not (dialog / part).is_dir()
    ]
    if missing:
        raise CorpusError(
            f"'{folder}' lacks {', '.join(missing)}; choose the folder IEMOCAP_full_release, with "
            f"all of Session1 to Session{NUM_SESSIONS}"
        )
    return dialogs


def _make(
    utterance_id: str,
    split: Split | None,
    *,
    annotations: Annotations,
    waves: Mapping[str, Path],
    videos: Mapping[str, Path],
    label_set: LabelSet,
) -> Utterance:
    check_iemocap_id(utterance_id)
    side = side_of(utterance_id)

    def media(start_s: float, end_s: float) -> tuple[VideoSegment, SoundSegment]:
        video = _media_file(videos, utterance_id, VIDEOS)
        wave = _media_file(waves, utterance_id, WAVES)
        return (
            VideoSegment(video, start_s, end_s, half=side, centre_px=CENTRE_PX),
            SoundSegment(wave, start_s, end_s, channel=0 if side == "left" else 1),
        )

    turn = annotations.turn_of(utterance_id)
    return make_iemocap_utterance(utterance_id, split, turn, media, label_set)


def _media_file(files: Mapping[str, Path], utterance_id: str, folder: Path) -> Path:
    dialogue = dialogue_of(utterance_id)
    if dialogue not in files:
        raise MediaError(
            RejectReason.NO_FILE, f"its dialogue '{dialogue}' has no file in {folder.as_posix()}"
        )
    return files[dialogue]
