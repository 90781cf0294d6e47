"""One metric as data; no number is computed here, so no numerical library is loaded."""

from collections.abc import Callable
from typing import Annotated, Any, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from corpora.source.task import TaskKind
from models.configs.base import Config, Modality
from search_spaces.metrics.source import digest_of_function, file_of_function
from search_spaces.terms import Words

Need = Literal["counts", "decisions", "argmax", "probabilities", "numbers"]
"""What a metric is computed from.

- counts: numbers of TP, FP, TN and FN of each emotion, at the thresholds of the trial;
- decisions: all decisions on an utterance together, at these thresholds;
- argmax: the class of the highest probability of each utterance, whose true class is one;
- probabilities: the probabilities themselves;
- numbers: the predicted numbers of a regression.
"""

Withheld = tuple[tuple[Modality, int], ...]
"""Modalities that are withheld in the test, each of so many percent of the utterances."""

NewName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=40)]

ANY_TASK: tuple[TaskKind, ...] = ("multilabel", "multiclass", "regression")


class Metric(Config):
    """A metric: its name, its header in tables, which way it is better, and its unit.

    A metric in "percent" is a fraction that is shown times 100; a "plain" one is shown as it is.
    `bounds` are its lowest and highest possible values, None where there is no bound. `tasks` are
    the kinds of task that admit it. `of_each` says whether it also has a score for each single
    emotion, class or target. `source` says what an overall score is, and whose definition it is.
    `among_classes` names the metric that it is where the task is multiclass, because there a
    decision is a class; so a study with a column of F1 needs no other one for such a corpus.

    `withheld` says which modalities the test utterances lack, and `of` then names the metric on
    whole ones; `search_spaces.metrics.withheld` makes such a metric from its name, so none is
    stored.

    A study file may define a metric of its own. Its `compute` gets the labels and the probabilities
    of the test split (the predicted numbers if the task is regression), two arrays of shape (U, K).
    It returns one number, or with `of_each` an array (K,), of which the plain mean is the overall
    score; NaN means that the score is undefined. Stored plans hold `digest`, that of the function's
    source text, and the name of its `file`; they do not hold the function.

    Raises:
        ValueError: If the source text of `compute` cannot be read.
    """

    name: NewName
    header: Words
    higher_is_better: bool = True
    unit: Literal["percent", "plain"] = "plain"
    bounds: tuple[float | None, float | None] = (None, None)
    tasks: Annotated[tuple[TaskKind, ...], Field(min_length=1)] = ANY_TASK
    needs: Need = "probabilities"
    of_each: bool = False
    source: Words = ""
    among_classes: str = ""
    compute: Callable[..., Any] | None = Field(default=None, exclude=True, repr=False)
    file: str = ""
    digest: str = ""
    withheld: Withheld = Field(default=(), exclude=True)
    of: str = Field(default="", exclude=True)

    @model_validator(mode="before")
    @classmethod
    def _function_is_digested(cls, given: Any) -> Any:
        compute = given.get("compute") if isinstance(given, dict) else None
        if compute is None:
            return given
        return {**given, "file": file_of_function(compute), "digest": digest_of_function(compute)}

    @model_validator(mode="after")
    def _own_metric_reads_what_every_record_has(self) -> Self:
        if self.compute is not None and self.needs != "probabilities":
            raise ValueError(
                f"metric '{self.name}': a function of one's own gets labels and probabilities; "
                "leave `needs` out"
            )
        return self

    @property
    def is_own(self) -> bool:
        """Whether a study file defines it."""
        return bool(self.digest)

    @property
    def sign(self) -> int:
        """What turns a score, or a difference of scores, into a gain: 1, or -1 if lower is better.

        Of two gains the higher is better, so whatever compares rows compares gains.
        """
        return 1 if self.higher_is_better else -1

    @property
    def factor(self) -> int:
        """What a score is multiplied by where it is shown: 100 if it is shown in percent."""
        return 100 if self.unit == "percent" else 1

    @property
    def points(self) -> str:
        """The word after a difference of scores that `show` wrote; empty if it has no unit."""
        return " points" if self.unit == "percent" else ""

    def show(self, difference: float, decimals: int, *, signed: bool = False) -> str:
        """Write a difference in points with so many decimals; a plain one with two more."""
        places = decimals if self.unit == "percent" else decimals + 2
        return f"{self.factor * difference:{'+' if signed else ''}.{places}f}"

    def __eq__(self, other: object) -> bool:
        """Equal metrics are written alike: a stored one has lost its function."""
        return isinstance(other, Metric) and self.model_dump() == other.model_dump()

    def __hash__(self) -> int:
        return hash((self.name, self.digest))
