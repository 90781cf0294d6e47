"""The manifest of a prepared corpus: what it holds, how it was made, what was left out and why."""

import hashlib
import json
import operator
from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict, Field, field_validator

from corpora.recipes.union import AnyRecipe
from corpora.source.label_space import Range
from corpora.source.rejects import Reject, Remark
from corpora.source.split import SPLITS, Split
from corpora.source.task import TaskKind
from corpora.source.utterance import Modality, Utterance
from corpora.store.label_counts import TargetCounts
from corpora.store.overlaps import Overlap, find_overlaps

PREPARED_SCHEMA = 2

PAPER_CORPORA = ("iemocap", "mosei")
"""The kinds of corpora in the papers' tables; each may come in several layouts."""


def family_of(name: str, kind: str) -> str:
    """Return the papers' name of a corpus, or its own name."""
    return kind if kind in PAPER_CORPORA else name


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class CorpusIdentity(_Frozen):
    """What a trial needs to know of a corpus before it is read.

    No utterance has a modality that is in `without`: something blank stands in for it.
    """

    name: str
    kind: str
    fingerprint: str
    recipe: AnyRecipe
    task: TaskKind = "multilabel"
    without: tuple[Modality, ...] = ()

    @property
    def family(self) -> str:
        """The papers' name of the corpus, or its own name."""
        return family_of(self.name, self.kind)


class SplitCounts(_Frozen):
    """What one split holds; `positives` by emotion or class, `remarks` by kind, in utterances.

    `targets` describes the values of each target of regression, which has no `positives`.
    """

    num_utterances: int
    num_frames: int
    num_frames_with_face: int
    num_chunks: int
    seconds: float
    positives: dict[str, int]
    remarks: dict[Remark, int]
    targets: dict[str, TargetCounts] = Field(default={}, exclude_if=operator.not_)

    @field_validator("remarks")
    @classmethod
    def _count_all(cls, remarks: dict[Remark, int]) -> dict[Remark, int]:
        """Count 0 of the kinds that were not known when the corpus was prepared."""
        return dict.fromkeys(Remark, 0) | remarks


class Shared(_Frozen):
    """What the training split has in common with the test split.

    `num_groups` counts dialogues or videos. A model that is tested on speakers or dialogues that it
    was trained on may have learnt them instead of emotions. `num_speakers` counts those that are
    known and in both; None means that there is none and that not all are known. `overlaps` are the
    test utterances that share a part of a file with a training utterance; None in corpora without
    media, and in those that an older version prepared.
    """

    num_groups: int
    num_speakers: int | None
    overlaps: tuple[Overlap, ...] | None = None


class Manifest(_Frozen):
    """A prepared corpus; `fingerprint` names its source and recipe, `libraries` what made it.

    `widths` says how many numbers a row of hand-crafted features has, by modality; `left_out`
    counts by reason what the corpus's own rules leave out. `sha256` names the content of each
    split's file; `code_digest` names the source code that prepared the corpus. A manifest of an
    earlier version lacks both. `emotions` are the classes or the targets if `task` says so;
    `label_range` is that of the targets, where it is known. `has_dialogues` is that of the source.
    No utterance has a modality that is in `without`; earlier versions did not say so.
    """

    schema_version: int = PREPARED_SCHEMA
    name: str
    kind: str
    fingerprint: str
    recipe: AnyRecipe
    emotions: tuple[str, ...]
    splits: dict[Split, SplitCounts]
    widths: dict[str, int]
    shared: Shared
    rejects: tuple[Reject, ...]
    left_out: dict[str, int]
    libraries: dict[str, str]
    sha256: dict[Split, str] = Field(default={}, exclude_if=operator.not_)
    code_digest: str = Field(default="", exclude_if=operator.not_)
    task: TaskKind = Field(default="multilabel", exclude_if=lambda task: task == "multilabel")
    label_range: Range | None = Field(default=None, exclude_if=operator.not_)
    has_dialogues: bool = Field(default=False, exclude_if=operator.not_)
    without: tuple[Modality, ...] = Field(default=(), exclude_if=operator.not_)

    def fault(self) -> str | None:
        """Say in what the manifest contradicts itself; None if it does not."""
        if self.splits.keys() != set(SPLITS) or self.sha256.keys() not in (set(), set(SPLITS)):
            return f"it does not describe the splits {', '.join(SPLITS)}"
        for split, counts in self.splits.items():
            counted = counts.targets if self.task == "regression" else counts.positives
            if list(counted) != list(self.emotions):
                return f"it does not count each emotion in '{split}'"
            if counts.num_utterances < 1:
                return f"it counts no utterance in '{split}'"
        return None

    @property
    def identity(self) -> CorpusIdentity:
        """The identity alone, without what the corpus holds."""
        return CorpusIdentity(
            name=self.name,
            kind=self.kind,
            fingerprint=self.fingerprint,
            recipe=self.recipe,
            task=self.task,
            without=self.without,
        )


def shared_between(utterances: Sequence[Utterance]) -> Shared:
    """Count what the training split shares with the test split."""
    train = [utterance for utterance in utterances if utterance.split == "train"]
    test = [utterance for utterance in utterances if utterance.split == "test"]
    speakers = [{utterance.speaker for utterance in part} for part in (train, test)]
    known = None not in speakers[0] | speakers[1]
    num_both = len((speakers[0] & speakers[1]) - {None})
    has_files = any(clip.pictures.files or clip.sound.files for clip in utterances)
    return Shared(
        num_groups=len({clip.group for clip in train} & {clip.group for clip in test}),
        num_speakers=num_both if known or num_both else None,
        overlaps=find_overlaps(utterances) if has_files else None,
    )


def fingerprint_of(source_digest: str, recipe: AnyRecipe) -> str:
    """Hash all that decides the content of a prepared corpus."""
    identity = {
        "schema": PREPARED_SCHEMA,
        "recipe": recipe.model_dump(mode="json"),
        "source": source_digest,
    }
    return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()
