"""An utterance of IEMOCAP, from either release."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from corpora.iemocap.ids import dialogue_of, speaker_of
from corpora.readers.intake import LeftOutError, UnwantedLabelError, require_split
from corpora.readers.spans import read_span_s
from corpora.source.errors import CorpusError, MediaError
from corpora.source.label_space import LabelSpace
from corpora.source.rejects import RejectReason
from corpora.source.split import Split
from corpora.source.utterance import Pictures, Sound, Utterance

IEMOCAP_EMOTIONS = ("ang", "exc", "fru", "hap", "neu", "sad")


@dataclass(frozen=True)
class LabelSet:
    """What is made of the labels of the release; `merged` says which counts as which other one."""

    space: LabelSpace
    merged: Mapping[str, str] = field(default_factory=dict)

    def labels_of(self, label: str) -> tuple[int, ...]:
        """Return the labels of an utterance.

        Raises:
            LeftOutError: If its label is none of IEMOCAP's emotions here, or none of this set.
        """
        if label not in IEMOCAP_EMOTIONS:
            raise LeftOutError(f"label {label}")
        name = self.merged.get(label, label)
        if name not in self.space.names:
            raise UnwantedLabelError(f"label {label}")
        return self.space.one_hot(name)


USUAL_LABELS = "emotions"
LABEL_SETS: Mapping[str, LabelSet] = {
    USUAL_LABELS: LabelSet(LabelSpace(IEMOCAP_EMOTIONS)),
    "six-class": LabelSet(LabelSpace(IEMOCAP_EMOTIONS, "multiclass")),
    "four-class": LabelSet(
        LabelSpace(("ang", "hap", "neu", "sad"), "multiclass"), merged={"exc": "hap"}
    ),
}
"""By the names that users give them.

The four classes are those of most papers on speech: excitement counts as happiness.
"""


@dataclass(frozen=True)
class Turn:
    """What a release says about an utterance; times are seconds since the dialogue's start."""

    label: str
    text: str | None
    start: str | float
    end: str | float


def check_iemocap_id(utterance_id: str) -> None:
    """Make sure that an id has IEMOCAP's form.

    Raises:
        MediaError: If it is not.
    """
    try:
        dialogue_of(utterance_id)
    except CorpusError as error:
        raise MediaError(RejectReason.BAD_ID, str(error)) from error


def make_iemocap_utterance(
    utterance_id: str,
    split: Split | None,
    turn: Turn,
    media: Callable[[float, float], tuple[Pictures, Sound]],
    label_set: LabelSet,
) -> Utterance:
    """Make an utterance from its parts.

    Args:
        utterance_id: Its id, of IEMOCAP's form.
        split: Its split.
        turn: What the release says about it.
        media: Finds the pictures and the sound from a start to an end.
        label_set: What is made of its label.

    Raises:
        LeftOutError: If its label is none of the emotions, or it is in no split.
        MediaError: If it cannot be used.
    """
    if not turn.label:
        raise MediaError(RejectReason.BAD_LINE, "its label is empty")
    labels = label_set.labels_of(turn.label)
    if turn.text is None:
        raise MediaError(RejectReason.NO_TEXT, "it has a label and no transcript")
    start_s, end_s = read_span_s(turn.start, turn.end)
    known_split = require_split(split)
    pictures, sound = media(start_s, end_s)
    return Utterance(
        id=utterance_id,
        pictures=pictures,
        sound=sound,
        duration_s=end_s - start_s,
        text=turn.text,
        labels=labels,
        split=known_split,
        group=dialogue_of(utterance_id),
        speaker=speaker_of(utterance_id),
    )
