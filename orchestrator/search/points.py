"""The trials of the points of a space, on one corpus at one scale."""

from dataclasses import dataclass
from functools import cached_property

from corpora.preparation.known import KnownCorpus
from corpora.source.errors import CorpusError
from models.weights.errors import WeightsError
from models.weights.find import weights_sha256
from orchestrator.plan.plan import misfits, reference, with_absolute_weights
from search_spaces.errors import StudyError
from search_spaces.identity import canonical_json
from search_spaces.space import Point, Space
from search_spaces.terms import Scale
from search_spaces.trial import Trial

TRAINING_SEED = 0
"""The seed of every candidate; only the best of a search get more seeds."""


@dataclass(frozen=True)
class Points:
    """A space on one corpus at one scale.

    Raises:
        StudyError: If the labels of the corpus are numbers, which have no F1 to search for.
    """

    space: Space
    corpus: KnownCorpus
    scale: Scale

    def __post_init__(self) -> None:
        if self.corpus.task == "regression":
            raise StudyError(
                f"space '{self.space.name}': a search compares candidates by F1, but the labels of "
                f"corpus '{self.corpus.name}' are numbers; compare rows of a study by CCC instead"
            )

    def trial(self, point: Point, seed: int = TRAINING_SEED) -> Trial:
        """Make the trial of a point with a seed.

        Raises:
            CorpusError: If the corpus is not prepared by the recipe that the model needs.
            StudyError: If the point is not a valid model, or needs a corpus prepared with other
                settings.
            WeightsError: If pretrained weights are not available.
        """
        config = self.space.config(point, self.corpus.family, self.scale)
        config = with_absolute_weights(config)
        faults = misfits(config, self.corpus)
        if faults:
            raise StudyError("\n".join(f"space '{self.space.name}', {fault}" for fault in faults))
        return Trial(
            config=config,
            corpus=reference(config.model, self.corpus),
            seed=seed,
            weights=weights_sha256(config.model),
        )

    def key_of(self, point: Point) -> str:
        """Return the key of a point's trial; an empty text if the point has no trial."""
        try:
            return self.trial(point).key
        except (CorpusError, StudyError, WeightsError):
            return ""

    def baseline(self, system: str, seed: int = TRAINING_SEED) -> Trial:
        """Make the trial of a system's baseline with the space's own change.

        It raises the same errors as `trial`.
        """
        return self.trial(Point(system, {}, self.space.change), seed)

    @cached_property
    def baselines(self) -> dict[str, Trial]:
        """The trial of each system's baseline with the space's own change, by system.

        It raises the same errors as `trial`.
        """
        return {system: self.baseline(system) for system in self.space.systems}

    @property
    def recipes(self) -> list[str]:
        """List the recipes that the corpus must be prepared by."""
        return sorted({trial.corpus.recipe for trial in self.baselines.values()})

    @property
    def max_epochs(self) -> int:
        """The most epochs that a baseline trains for."""
        return max(trial.config.training.max_epochs for trial in self.baselines.values())

    @property
    def identity(self) -> str:
        """Everything except the point that scores depend on: fields, baselines, corpus, weights."""
        keys = {system: trial.key for system, trial in self.baselines.items()}
        return self.space.model_dump_json(exclude={"title"}) + canonical_json(keys)
