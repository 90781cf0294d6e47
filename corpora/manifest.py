"""The manifest of a prepared corpus: what it holds, how it was made, what was left out and why."""

import hashlib
import json
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from corpora.recipe import Recipe
from corpora.utterance import Split

MANIFEST_FILE = "manifest.json"
PREPARED_SCHEMA = 1


class RejectReason(StrEnum):
    """Why a clip cannot be used at all."""

    UNREADABLE = "unreadable"
    NO_VIDEO = "no_video"
    OUTSIDE = "outside_the_file"


class Remark(StrEnum):
    """What a clip lacks that is kept all the same.

    no_face: no face in any frame; the centre of each frame stands in.
    no_sound: no sound in the segment; silence stands in.
    short: shorter than a frame interval; it has a single frame.
    ends_early: the video ends before the segment does; it has the frames that there are.
    """

    NO_FACE = "no_face"
    NO_SOUND = "no_sound"
    SHORT = "short"
    ENDS_EARLY = "ends_early"


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class CorpusIdentity(_Frozen):
    """What a trial needs to know of a corpus before it is read."""

    name: str
    kind: str
    fingerprint: str
    recipe: Recipe


class Reject(_Frozen):
    """A clip that was left out."""

    utterance: str
    split: Split
    reason: RejectReason
    detail: str


class SplitCounts(_Frozen):
    """What one split holds; `positives` by emotion, `remarks` by kind, in utterances."""

    num_utterances: int
    num_frames: int
    num_frames_with_face: int
    num_chunks: int
    seconds: float
    positives: dict[str, int]
    remarks: dict[Remark, int]


class Manifest(_Frozen):
    """A prepared corpus; `fingerprint` names its source and recipe, `libraries` what made it."""

    schema_version: int = PREPARED_SCHEMA
    name: str
    kind: str
    fingerprint: str
    recipe: Recipe
    emotions: tuple[str, ...]
    splits: dict[Split, SplitCounts]
    rejects: tuple[Reject, ...]
    libraries: dict[str, str]

    @property
    def identity(self) -> CorpusIdentity:
        """Leave out what the corpus holds."""
        return CorpusIdentity(
            name=self.name, kind=self.kind, fingerprint=self.fingerprint, recipe=self.recipe
        )


def fingerprint_of(source_digest: str, recipe: Recipe) -> str:
    """Name the content of a prepared corpus by all that decides it."""
    identity = {
        "schema": PREPARED_SCHEMA,
        "recipe": recipe.model_dump(mode="json"),
        "source": source_digest,
    }
    return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()
