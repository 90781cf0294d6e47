"""The folds of a prepared corpus: a file of who is in which, and views of the split files by it.

`<storage>/corpora/<name>/folds.json` lies beside the recipes' folders. All utterances of all splits
are in it, in the order of the source. Of each fold that is the test split, the next one validates,
and the others train.
"""

import hashlib
import json
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Self

import pyarrow as pa
from pydantic import BaseModel, ConfigDict, NonNegativeInt, PositiveInt, model_validator

from corpora.parsing.errors import ParseError
from corpora.parsing.sealed import parse_sealed, sealed
from corpora.recipes.columns import UTTERANCE
from corpora.source.errors import CorpusError, DamagedCorpusError
from corpora.source.split import SPLITS, Split
from corpora.store.folders import corpus_folder

FOLDS_FILE = "folds.json"

FEWEST_FOLDS = 3
"""One tests, one validates, and one trains."""


class Folds(BaseModel):
    """Which utterance is in which fold; folds count from 1 on.

    `rule` says how they were dealt, as the user wrote it. `assigned` has the number of each
    utterance's fold, in the order of the source: training reads a fold's utterances in that order.
    `num_cut_speakers` and `num_cut_groups` count the known speakers, and the dialogues or videos,
    that have utterances in several folds.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    rule: str
    names: tuple[str, ...]
    assigned: dict[str, PositiveInt]
    num_cut_speakers: NonNegativeInt = 0
    num_cut_groups: NonNegativeInt = 0

    @model_validator(mode="after")
    def _check(self) -> Self:
        if len(self.names) < FEWEST_FOLDS or len(set(self.names)) < len(self.names):
            raise ValueError(f"there must be {FEWEST_FOLDS} folds or more, of different names")
        if set(self.assigned.values()) != set(range(1, self.num + 1)):
            raise ValueError(f"the folds of the utterances must be 1 to {self.num}")
        return self

    @property
    def num(self) -> int:
        """The number of folds."""
        return len(self.names)

    @property
    def in_words(self) -> str:
        """The number of folds and how they were dealt."""
        return f"{self.num} folds ({self.rule})"

    @cached_property
    def digest(self) -> str:
        """The SHA-256 of who is in which fold, and of the order."""
        return hashlib.sha256(json.dumps(list(self.assigned.items())).encode()).hexdigest()

    def split_of(self, fold: int, tested: int) -> Split:
        """Return the split of a fold's utterances while the fold `tested` is the test split."""
        after = (fold - tested) % self.num
        return "test" if after == 0 else "valid" if after == 1 else "train"


@dataclass(frozen=True)
class FoldView:
    """A corpus as it is while one of its folds, by number from 1 on, is the test split."""

    folds: Folds
    tested: int

    def of(self, tables: Mapping[Split, pa.Table]) -> dict[Split, pa.Table]:
        """Deal the rows of all split files anew; nothing is copied.

        Raises:
            CorpusError: If an utterance is in no fold, or a split would be empty.
        """
        pooled = pa.concat_tables(tables.values())
        place_of = {name: place for place, name in enumerate(pooled[UTTERANCE].to_pylist())}
        if strays := sorted(place_of.keys() - self.folds.assigned.keys()):
            raise CorpusError(
                f"utterance '{strays[0]}' and {len(strays) - 1} others are in no fold: the folds "
                "were dealt before the corpus changed; run `mmer-sweep prepare` with --folds again"
            )
        places: dict[Split, list[int]] = {split: [] for split in SPLITS}
        for name, fold in self.folds.assigned.items():
            if name in place_of:  # else the recipe could not prepare it
                places[self.folds.split_of(fold, self.tested)].append(place_of[name])
        if empty := [split for split, of_split in places.items() if not of_split]:
            raise CorpusError(
                f"split '{empty[0]}' is empty while fold '{self.folds.names[self.tested - 1]}' is "
                "tested; run `mmer-sweep prepare` with other --folds"
            )
        return {
            split: pa.concat_tables(pooled.slice(begin, num) for begin, num in _runs(of_split))
            for split, of_split in places.items()
        }


def _runs(places: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Yield the first of neighbours that follow each other, and how many they are."""
    begin = 0
    for end in range(1, len(places) + 1):
        if end == len(places) or places[end] != places[end - 1] + 1:
            yield places[begin], end - begin
            begin = end


def folds_file(storage: Path, name: str) -> Path:
    """Return the file of a corpus's folds."""
    return corpus_folder(storage, name) / FOLDS_FILE


def read_folds(storage: Path, name: str) -> Folds | None:
    """Read the folds of a corpus; None if it has none.

    Raises:
        DamagedCorpusError: If the file cannot be read.
    """
    path = folds_file(storage, name)
    try:
        return parse_sealed(path.read_bytes(), Folds)
    except FileNotFoundError:
        return None
    except ParseError as error:
        raise DamagedCorpusError(
            f"folds '{path}' are damaged, or of another version: {error}; run `mmer-sweep prepare` "
            "with --folds again: folds that are dealt alike have the same trials"
        ) from error


def write_folds(storage: Path, name: str, folds: Folds) -> None:
    """Write the folds of a corpus, whole or not at all."""
    path = folds_file(storage, name)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{FOLDS_FILE}.{uuid.uuid4().hex}")
    partial.write_bytes(sealed(folds))
    partial.replace(path)
