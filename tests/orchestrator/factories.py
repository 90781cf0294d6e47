"""Studies of very small models, for tests that train."""

from pathlib import Path

from corpora.store.manifest import Manifest
from search_spaces.studies.le2023 import ABLATION_COLUMNS
from search_spaces.study import ANY_CORPUS, Row, RowRef, Study
from search_spaces.systems.le import TINY
from search_spaces.trial import CorpusRef, Trial, TrialConfig

TRAINED_FOR = RowRef("small", "shallow")

STUDY_FILE = """
from search_spaces.change import apply_change
from search_spaces.studies.le2023 import ABLATION_COLUMNS
from search_spaces.systems.le import TINY
from search_spaces.study import ANY_CORPUS, Row, Study

SHORT = apply_change(TINY, {{"training.max_epochs": {max_epochs}}})

SMALL = Study(
    name="small",
    title="A small study",
    baseline={{"tiny": {{ANY_CORPUS: SHORT}}}},
    columns=ABLATION_COLUMNS,
    seeds=(0, 1),
    rows=(
        Row(name="shallow", change={{"model.fusion.depth": 1}}),
        Row(name="deep", change={{"model.fusion.depth": 3}}),
    ),
)
"""


def small_config(**training: object) -> TrialConfig:
    """Make the tiny model train for two epochs."""
    settings = TINY.training.model_dump() | {"max_epochs": 2, **training}
    return TrialConfig.model_validate({"model": TINY.model.model_dump(), "training": settings})


def small_trial(manifest: Manifest, *, seed: int = 0, **training: object) -> Trial:
    """Make a trial on a prepared corpus."""
    reference = CorpusRef(
        name=manifest.name, recipe=manifest.recipe.name, fingerprint=manifest.fingerprint
    )
    return Trial(config=small_config(**training), corpus=reference, seed=seed)


def small_study(*, num_seeds: int = 1) -> Study:
    """Make a study of two rows."""
    return Study(
        name="small",
        title="A small study",
        baseline={"tiny": {ANY_CORPUS: small_config()}},
        columns=ABLATION_COLUMNS,
        seeds=tuple(range(num_seeds)),
        rows=(
            Row(name="shallow", change={"model.fusion.depth": 1}),
            Row(name="deep", change={"model.fusion.depth": 3}),
        ),
    )


def write_study_file(path: Path, *, max_epochs: int) -> Path:
    """Write the small study, two rows and two seeds, as a user's file."""
    path.write_text(STUDY_FILE.format(max_epochs=max_epochs), encoding="utf-8")
    return path
