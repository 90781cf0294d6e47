"""From a study to the trials that it needs, and those that are still missing."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from corpora.manifest import PAPER_CORPORA, CorpusIdentity
from corpora.recipe import Recipe
from models.config import LeConfig
from models.weights import weights_sha256
from reports.ledger import Ledger
from reports.record import Record
from search_spaces.change import apply_change
from search_spaces.errors import StudyError
from search_spaces.study import RowRef, Scale, Study
from search_spaces.trial import CorpusRef, Trial, TrialConfig


@dataclass(frozen=True)
class Plan:
    """What a study needs on one corpus, and what of it the ledger holds.

    `trials` follow the table: for each row, one trial a seed.
    """

    study: Study
    corpus: CorpusIdentity
    scale: Scale
    trials: dict[str, tuple[Trial, ...]]
    finished: dict[str, Record]

    @cached_property
    def rows_by_key(self) -> dict[str, tuple[RowRef, ...]]:
        """Name the rows that share each trial, in the order in which trials are trained.

        All rows of one seed come before the next seed, so that an interrupted sweep leaves a table
        with every row.
        """
        rows: dict[str, tuple[RowRef, ...]] = {}
        for trials in zip(*self.trials.values(), strict=True):
            for row, trial in zip(self.trials, trials, strict=True):
                rows[trial.key] = (*rows.get(trial.key, ()), RowRef(self.study.name, row))
        return rows

    @cached_property
    def by_key(self) -> dict[str, Trial]:
        """Find each trial by its key: rows of equal config share one."""
        every = {trial.key: trial for trials in self.trials.values() for trial in trials}
        return {key: every[key] for key in self.rows_by_key}

    @property
    def missing(self) -> list[Trial]:
        """List the trials to train, each once."""
        return [trial for key, trial in self.by_key.items() if key not in self.finished]

    @property
    def num_cells(self) -> int:
        """Count rows times seeds."""
        return sum(len(trials) for trials in self.trials.values())


def make_plan(
    study: Study, corpus: CorpusIdentity, scale: Scale, num_seeds: int | None, ledger: Ledger
) -> Plan:
    """Resolve a study on a corpus.

    Args:
        study: What to plan.
        corpus: The prepared corpus.
        scale: "tiny" or "paper" sizes.
        num_seeds: Seeds 0, 1, ... instead of the study's own, if given.
        ledger: Says what is finished.

    Raises:
        StudyError: If the study has a fault, or needs a corpus prepared with other settings.
        WeightsError: If pretrained weights cannot be had.
    """
    configs = {
        row: _with_absolute_weights(config)
        for row, config in study.configs(corpus.family, scale).items()
    }
    faults = [
        f"study '{study.name}', row '{row}', {fault}"
        for row, config in configs.items()
        for fault in _misfits(config.model, corpus)
    ]
    if faults:
        raise StudyError("\n".join(faults))
    seeds = study.seeds if num_seeds is None else tuple(range(num_seeds))
    reference = CorpusRef(
        name=corpus.name, recipe=corpus.recipe.name, fingerprint=corpus.fingerprint
    )
    trials = {
        row: tuple(
            Trial(config=config, corpus=reference, seed=seed, weights=weights_sha256(config.model))
            for seed in seeds
        )
        for row, config in configs.items()
    }
    keys = [trial.key for row in trials.values() for trial in row]
    return Plan(study, corpus, scale, trials, ledger.finished(keys))


def default_scale(corpus: CorpusIdentity) -> Scale:
    """Return the scale for a corpus: the papers' own for their corpora, else tiny."""
    return "paper" if corpus.kind in PAPER_CORPORA else "tiny"


def _with_absolute_weights(config: TrialConfig) -> TrialConfig:
    """Name a folder of weights by its absolute path: a worker runs in another folder."""
    folder = Path(config.model.text.weights).expanduser()
    if not (config.model.text.pretrained and folder.is_dir()):
        return config
    return apply_change(config, {"model.text.weights": str(folder.absolute())})


def _misfits(model: LeConfig, corpus: CorpusIdentity) -> list[str]:
    """Say in which settings a corpus was prepared otherwise than a model needs."""
    recipe = corpus.recipe
    if not isinstance(recipe, Recipe):
        return [f"model: needs pictures, but recipe '{recipe.name}' holds hand-crafted features"]
    num_mels, chunk_frames = recipe.spectrogram.num_mels, recipe.spectrogram.chunk_frames
    wanted = {
        "model.vision.face_px": (model.vision.face_px, recipe.face_px),
        "model.audio.num_mels": (model.audio.num_mels, num_mels),
        "model.audio.chunk_frames": (model.audio.chunk_frames, chunk_frames),
    }
    return [
        f"{field}: needs {needed}, but corpus '{corpus.name}' was prepared with {prepared} "
        f"(recipe '{corpus.recipe.name}'); prepare it again or change the field"
        for field, (needed, prepared) in wanted.items()
        if needed != prepared
    ]
