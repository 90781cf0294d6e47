"""The keys of the rows of all built-in studies, which may never change.

A record is found by its key: where a key changes, its record is lost to the user. `keys.csv` holds
the key of each row with seed 0. If `test_keys_are_those_of_before` fails:

- A new field must have a default that means the computation of before; then no key changes.
- A config class that was renamed or moved needs its new name in `first_fields.json`.
- If the same config now means another computation, raise the `revision` of that system's config.
- If a built-in row now means another config, or there are new rows, the change is wanted: write
  the file anew with `python -m tests.search_spaces.test_keys`. Look at the difference first.
"""

import csv
from pathlib import Path

import pytest

from models.configs.base import Config
from models.configs.le import EarlyFusion
from models.configs.mult import MultConfig
from search_spaces.catalogue import STUDIES
from search_spaces.identity import identity_of
from search_spaces.terms import Scale
from search_spaces.training import TrainingConfig
from search_spaces.trial import CorpusRef, Trial, TrialConfig

KEYS_FILE = Path(__file__).with_name("keys.csv")
PLACES: tuple[tuple[str, Scale], ...] = (
    ("synthetic", "tiny"),
    ("synthetic", "small"),
    ("iemocap", "paper"),
    ("mosei", "paper"),
)
CORPUS = CorpusRef(name="any", recipe="any", fingerprint="f00d")


def keys_now() -> list[list[str]]:
    return [
        [corpus, scale, study.name, row, Trial(config=config, corpus=CORPUS, seed=0).key]
        for corpus, scale in PLACES
        for study in STUDIES.values()
        for row, config in study.configs(corpus, scale).items()
    ]


def test_keys_are_those_of_before() -> None:
    with KEYS_FILE.open(encoding="utf-8", newline="") as file:
        _, *before = csv.reader(file)
    assert keys_now() == before


class Kind(Config):
    kind: str = "plain"


class Grown(TrainingConfig):
    """A training config with fields of a later version."""

    new: int = 3
    nested: Kind = Kind()


def test_new_field_counts_only_if_it_differs_from_its_default() -> None:
    before = identity_of(TrainingConfig())
    first_fields = {"max_epochs", "precision"}
    assert first_fields <= set(before)
    # Its class is new too, so only what differs counts.
    assert identity_of(Grown()) == {}
    assert identity_of(Grown(new=4, max_epochs=2)) == {"new": 4, "max_epochs": 2}
    assert identity_of(Grown(nested=Kind(kind="other"))) == {"nested": {"kind": "other"}}


def test_new_field_of_a_known_class_leaves_its_identity() -> None:
    class Later(TrainingConfig):
        """The known class, with a field of a later version."""

        __module__ = TrainingConfig.__module__
        __qualname__ = TrainingConfig.__qualname__
        new: int = 3

    assert identity_of(Later()) == identity_of(TrainingConfig())
    assert identity_of(Later(new=4)) == {**identity_of(TrainingConfig()), "new": 4}


def test_kinds_count_though_they_are_defaults() -> None:
    class LaterFusion(EarlyFusion):
        """A class of a later version."""

    assert identity_of(LaterFusion()) == {"kind": "early"}


def test_revision_of_a_system_renames_its_trials_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    def keys() -> list[str]:
        configs = [TrialConfig(model=MultConfig()), TrialConfig()]
        return [Trial(config=config, corpus=CORPUS, seed=0).key for config in configs]

    before = keys()
    monkeypatch.setattr(MultConfig, "revision", MultConfig.revision + 1)
    after = keys()
    assert after[0] != before[0]
    assert after[1] == before[1]


if __name__ == "__main__":
    with KEYS_FILE.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerows([["corpus", "scale", "study", "row", "key"], *keys_now()])
