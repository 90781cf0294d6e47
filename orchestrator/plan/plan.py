"""Plans a study: which trials it needs, and which of them are missing."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial

from corpora.parsing.paths import expand_home
from corpora.preparation.known import KnownCorpus
from corpora.recipes.pictures import Recipe, Wave
from corpora.recipes.union import AnyRecipe
from corpora.store.manifest import PAPER_CORPORA
from models.configs.base import Modality, SystemConfig
from models.configs.features import FeatureSystemConfig
from models.own.system import OwnSystem, UnloadedSystem
from models.weights.find import weights_sha256
from orchestrator.plan.code import code_digest
from orchestrator.plan.folds import folds_of, refuse_folds
from orchestrator.plan.seeds import ExtraSeeds, SeedNumbers
from reports.ledger.ledger import Ledger, LedgerError
from reports.ledger.planned import Planned, name_varied, rows_of_keys
from reports.ledger.record import Record
from search_spaces.change import apply_change
from search_spaces.errors import StudyError
from search_spaces.identity import canonical_json
from search_spaces.study import RowRef, Study
from search_spaces.terms import Scale
from search_spaces.trial import CorpusRef, FoldRef, Stream, Trial, TrialConfig


@dataclass(frozen=True)
class Plan:
    """The trials that a study needs on one corpus, and those of them that the ledger holds.

    `trials` are in the order of the table: for each row, one trial for each seed; where the corpus
    has folds, one for each fold of the first seed, then of the next. `varied` are
    those of the baseline row of which one random stream is varied alone, one for each seed of the
    stream; the first is also the row's first. Finished trials that other code trained are in
    `of_other_code`, by key. `of_earlier_source` are the missing trials that the ledger holds as an
    earlier source of a user's own system made them.
    """

    study: Study
    corpus: KnownCorpus
    scale: Scale
    trials: dict[str, tuple[Trial, ...]]
    finished: dict[str, Record]
    varied: dict[Stream, tuple[Trial, ...]] = field(default_factory=dict)
    of_earlier_source: tuple[Trial, ...] = ()

    @cached_property
    def of_other_code(self) -> tuple[str, ...]:
        """Name the finished trials that were trained by other code than this."""
        return tuple(key for key, record in self.finished.items() if is_of_other_code(record))

    @property
    def keys(self) -> dict[str, tuple[str, ...]]:
        """Name the trials of each row, one for each seed, or seed and fold."""
        return _keys_of(self.trials)

    @property
    def num_folds(self) -> int:
        """The number of folds of the corpus; 0 if it has a single test split."""
        return self.corpus.folds.num if self.corpus.folds else 0

    @cached_property
    def rows_by_key(self) -> dict[str, tuple[RowRef, ...]]:
        """Name the rows that share each trial, in the order in which trials are trained.

        What is varied counts as a row of its own.
        """
        return rows_of_keys(self.study.name, _keys_of(self._all_trials))

    @cached_property
    def by_key(self) -> dict[str, Trial]:
        """Each trial by its key; rows with equal configs share a trial."""
        every = {trial.key: trial for trials in self._all_trials.values() for trial in trials}
        return {key: every[key] for key in self.rows_by_key}

    @property
    def baseline(self) -> str:
        """The row that the others are compared with."""
        return self.study.find_baseline_row(self.corpus.family, self.scale)

    @property
    def _all_trials(self) -> dict[str, tuple[Trial, ...]]:
        """The trials of each row, and of each stream of the baseline row that is varied."""
        varied = {name_varied(self.baseline, one): of_one for one, of_one in self.varied.items()}
        return {**self.trials, **varied}

    @property
    def missing(self) -> list[Trial]:
        """List the trials to train, each once."""
        return [trial for key, trial in self.by_key.items() if key not in self.finished]

    @property
    def recipes(self) -> list[str]:
        """List the recipes that the corpus must be prepared by."""
        return sorted({trial.corpus.recipe for trial in self.by_key.values()})

    @property
    def num_cells(self) -> int:
        """Count rows times seeds, times folds if there are any."""
        return sum(len(trials) for trials in self._all_trials.values())


def _keys_of(trials: Mapping[str, Sequence[Trial]]) -> dict[str, tuple[str, ...]]:
    return {name: tuple(trial.key for trial in of_name) for name, of_name in trials.items()}


def make_plan(
    study: Study,
    corpus: KnownCorpus,
    scale: Scale,
    num_seeds: SeedNumbers,
    ledger: Ledger,
    *,
    retrain: bool = False,
) -> Plan:
    """Resolve a study on a corpus.

    If other code trained a trial, a record of this code is preferred to that one.

    Args:
        study: What to plan.
        corpus: The corpus; it must be prepared by every recipe that a row's model reads.
        scale: The sizes of the models.
        num_seeds: If given, use that many seeds from 0 on instead of the study's own; for all rows
            or for each row. The row that others are compared with may get more trials.
        ledger: Knows which trials are finished.
        retrain: Whether to train finished trials anew that other code trained; the old records
            stay, under their own keys.

    Raises:
        CorpusError: If the corpus is not prepared by a recipe that a model needs.
        LedgerError: If records are damaged; the message names all of them.
        StudyError: If the study has a fault, or needs a corpus prepared with other settings, or
            if a random stream is to be varied over a single seed, or on a corpus with folds.
        WeightsError: If pretrained weights are not available.
    """
    study = study.for_task(corpus.task)
    configs = {
        row: with_absolute_weights(config)
        for row, config in study.configs(corpus.family, scale).items()
    }
    faults = [
        f"study '{study.name}', row '{row}', {fault}"
        for row, config in configs.items()
        for fault in misfits(config, corpus)
    ]
    faults += [
        f"study '{study.name}', {fault}"
        for fault in study.metric_faults(corpus.family, corpus.task)
    ]
    if faults:
        raise StudyError("\n".join(faults))
    extra = num_seeds if isinstance(num_seeds, ExtraSeeds) else ExtraSeeds()
    numbers = num_seeds.num_seeds if isinstance(num_seeds, ExtraSeeds) else num_seeds
    baseline = study.find_baseline_row(corpus.family, scale)
    seeds = {row: _seeds_of(study, row, numbers) for row in configs}
    first, *others = _check_seeds(study, corpus, seeds[baseline], extra)
    if extra.has_control:
        seeds[baseline] += _more_seeds(seeds[baseline])
    finished: dict[str, Record] = {}
    damaged: list[str] = []

    def find(trial: Trial) -> Record | None:
        try:
            return ledger.find(trial.key)
        except LedgerError as error:
            damaged.append(str(error))
            return None

    def resolve(
        config: TrialConfig, seed: int, fold: FoldRef | None = None, **streams: int
    ) -> Trial:
        make = partial(
            Trial,
            config=config,
            corpus=reference(config.model, corpus).model_copy(update={"fold": fold}),
            seed=seed,
            weights=weights_sha256(config.model),
            streams=streams,
        )
        trial = make()
        record = find(trial)
        if record is not None and is_of_other_code(record):
            anew = make(code=code_digest(config.model))
            of_this_code = find(anew)
            if of_this_code is not None or retrain:
                trial, record = anew, of_this_code
        if record is not None:
            finished[trial.key] = record
        return trial

    trials = {
        row: tuple(
            resolve(config, seed, fold) for seed in seeds[row] for fold in folds_of(corpus.folds)
        )
        for row, config in configs.items()
    }
    varied = {
        stream: (
            trials[baseline][0],
            *(resolve(configs[baseline], first, None, **{stream: seed}) for seed in others),
        )
        for stream in extra.varied
    }
    if damaged:
        raise LedgerError("\n".join(damaged))
    plan = Plan(study, corpus, scale, trials, finished, varied)
    return replace(plan, of_earlier_source=_of_earlier_source(plan.missing, ledger))


def _of_earlier_source(missing: Sequence[Trial], ledger: Ledger) -> tuple[Trial, ...]:
    """Find the trials of users' own systems that the ledger holds, but for their source."""
    own = {_without_digest(trial): trial for trial in missing if _is_own(trial)}
    if not own:
        return ()
    records = ledger.records(leaves_damaged=True)
    earlier = {_without_digest(record.trial) for record in records if _is_own(record.trial)}
    return tuple(trial for identity, trial in own.items() if identity in earlier)


def _is_own(trial: Trial) -> bool:
    return isinstance(trial.config.model, OwnSystem)


def _without_digest(trial: Trial) -> str:
    """Return all that names a trial but the digest of its system's source."""
    fields = trial.model_dump(mode="json", exclude={"code", "weights"})
    fields["config"]["model"]["code"].pop("digest")
    return canonical_json(fields)


def is_of_other_code(record: Record) -> bool:
    """Whether other code than this trained a trial, or code from before its digest was recorded."""
    return record.circumstances.code_digest != code_digest(record.trial.config.model)


def _seeds_of(study: Study, row: str, num_seeds: int | Mapping[str, int] | None) -> tuple[int, ...]:
    match num_seeds:
        case None:
            return study.seeds
        case int():
            return tuple(range(num_seeds))
        case _:
            return tuple(range(num_seeds[row]))


def _check_seeds(
    study: Study, corpus: KnownCorpus, seeds: tuple[int, ...], extra: ExtraSeeds
) -> tuple[int, ...]:
    if extra.has_control or extra.varied:
        refuse_folds(corpus, "--control" if extra.has_control else "--vary")
    if extra.varied and len(seeds) == 1:
        raise StudyError(
            f"study '{study.name}': one seed has no spread that --vary could explain; give "
            "--seeds 2 or more"
        )
    return seeds


def _more_seeds(seeds: tuple[int, ...]) -> tuple[int, ...]:
    """Return as many seeds after the last of some."""
    first = max(seeds) + 1
    return tuple(range(first, first + len(seeds)))


def default_scale(corpus: KnownCorpus) -> Scale:
    """Return the default scale of a corpus: "paper" for the papers' corpora, else "tiny"."""
    return "paper" if corpus.kind in PAPER_CORPORA else "tiny"


def with_absolute_weights(config: TrialConfig) -> TrialConfig:
    """Make the paths of weight files absolute, because a worker runs in another folder."""
    paths = {
        f"model.{name}.weights": expand_home(encoder.weights)
        for name, encoder in config.model.pretrained_encoders.items()
    }
    there = {field: str(path.absolute()) for field, path in paths.items() if path.exists()}
    return apply_change(config, there)


def reference(model: SystemConfig, corpus: KnownCorpus) -> CorpusRef:
    """Return a reference to the preparation of a corpus that a model reads."""
    identity = corpus.identify(model.recipe)
    return CorpusRef(name=corpus.name, recipe=model.recipe, fingerprint=identity.fingerprint)


def misfits(config: TrialConfig, corpus: KnownCorpus) -> list[str]:
    """List the settings that do not fit a corpus: its labels, or how it was prepared."""
    if isinstance(config.model, UnloadedSystem):
        return [f"model.code: there is no such version of '{config.model.code.file}'; leave it out"]
    identity = corpus.identify(config.model.recipe)
    training = [
        f"training: {fault} (corpus '{corpus.name}')"
        for fault in config.training.misfits(identity.task)
    ]
    lacking = _lacking(config.model, corpus.name, identity.without)
    return training + lacking + _prepared_otherwise(config.model, corpus.name, identity.recipe)


def _lacking(model: SystemConfig, corpus: str, without: Sequence[Modality]) -> list[str]:
    """Say which modalities a model reads that no utterance of a corpus has."""
    read = {*model.modalities, *(("text",) if model.reads_text else ())}
    missing = [modality for modality in without if modality in read]
    if not missing:
        return []
    left = [modality for modality in model.modalities if modality not in without]
    change = f'change={{"model.modalities": {json.dumps(left)}}} in the row or its baseline, or '
    is_left = bool(left) and left != list(model.modalities)  # else other encoders read the text
    return [
        f"model.modalities: the model reads {' and '.join(missing)}, which corpus '{corpus}' does "
        f"not hold; choose {change if is_left else ''}another corpus"
    ]


def _prepared_otherwise(model: SystemConfig, corpus: str, recipe: AnyRecipe) -> list[str]:
    """List the settings in which the preparation of a corpus differs from a model's needs."""
    if isinstance(model, FeatureSystemConfig) and isinstance(recipe, Recipe):
        return [
            f"model.features: corpus '{corpus}', recipe '{recipe.name}', holds pictures; name "
            "features, as `prepare --recipe handcrafted --as NAME` makes them"
        ]
    if not isinstance(recipe, Recipe):
        return []
    prepared = {"face_px": recipe.face_px}
    if not isinstance(recipe.spectrogram, Wave):
        prepared["num_mels"] = recipe.spectrogram.num_mels
        prepared["chunk_frames"] = recipe.spectrogram.chunk_frames
    return [
        f"model.{name}.{field}: needs {needed}, but corpus '{corpus}' was prepared with "
        f"{prepared[field]} (recipe '{recipe.name}'); prepare it again or change the field"
        for name, encoder in model.encoders.items()
        for field, needed in encoder.model_dump(include=set(prepared)).items()
        if needed != prepared[field]
    ]


def missing_trials(plans: Sequence[Plan]) -> Mapping[str, tuple[Trial, RowRef]]:
    """List the trials to train, each once, with the first row that asks for it."""
    missing: dict[str, tuple[Trial, RowRef]] = {}
    for plan in plans:
        for trial in plan.missing:
            missing.setdefault(trial.key, (trial, plan.rows_by_key[trial.key][0]))
    return missing


def planned_of(plan: Plan, looks: tuple[int, ...]) -> Planned:
    """Make what the ledger stores of a plan; `looks` are those of adaptive seeds."""
    return Planned(
        study=plan.study,
        corpus=plan.corpus.name,
        family=plan.corpus.family,
        scale=plan.scale,
        keys=plan.keys,
        varied={stream: tuple(t.key for t in of_one) for stream, of_one in plan.varied.items()},
        looks=looks,
        num_folds=plan.num_folds,
        fingerprints=tuple(sorted({t.corpus.fingerprint for t in plan.by_key.values()})),
    )
