"""Claims as data: what a sentence says about rows, so that trials can decide it."""

from typing import NamedTuple, Self

from pydantic import Field, NonNegativeFloat, PositiveInt, model_validator

from models.configs.base import Config
from search_spaces.printed.published import ClaimKind
from search_spaces.terms import MetricName, Scale, Words

NO_STATED_GAP = 0.005
"""The margin of a claim that states no positive gap: half a point."""


OWN = "own"
"""The family of claims that no paper makes."""

PLANTED = "planted"
"""The family of the built-in claims about the synthetic corpus, whose truth is known."""


class Score(NamedTuple):
    """What is compared: a metric on a corpus, of one emotion or averaged over all."""

    corpus: str
    metric: MetricName
    emotion: str | None = None


class Comparison(Config):
    """`row` scores better than `rival`: gap = gain + allowance, and gap > 0.

    The gain is score(row) - score(rival), or score(rival) - score(row) if lower is better. A
    positive `allowance` means "not worse by that much or more"; a claim that has one has no margin.
    It is a fraction, or in the unit of a metric that is none. In a claim of the kind `same` the gap
    is said to be 0 instead.
    """

    row: str
    rival: str
    score: Score
    allowance: float = 0.0


class PrintedValue(Config):
    """A value that a row is claimed to have, as text, with the unit it was printed in."""

    row: str
    score: Score
    text: str
    unit: str


class Claim(Config):
    """One sentence under test.

    Its `parts` are conjunctions of comparisons. It holds if `at_least` of its parts hold, by
    default all. `margin` is the gap below which a positive gap is weaker than claimed, a fraction,
    or in the unit of a metric that is none; it is fixed here, before any test score is read. Claims
    of the kind `same` say that no gap is as large as the margin, in either direction. Claims of the
    kind `greater` say that scores are higher, so they contradict a metric of which lower is better;
    those of the kind `better` fit every metric. `family` names the table whose claims are
    corrected together. `untestable` says why trials cannot decide the claim. `value` belongs to a
    claim about one number, and `costs_of` names the row of a claim about a model's cost. `scale` is
    that of the models that the claim is about, or None for any.
    """

    id: Words
    text: Words
    kind: ClaimKind
    family: str
    parts: tuple[tuple[Comparison, ...], ...] = ()
    at_least: PositiveInt | None = None
    margin: NonNegativeFloat = NO_STATED_GAP
    scale: Scale | None = None
    value: PrintedValue | None = None
    costs_of: str = ""
    untestable: Words = ""
    note: Words = Field(default="", description="how the sentence became comparisons")

    @model_validator(mode="after")
    def _cannot_ask_for_more_parts_than_there_are(self) -> Self:
        if self.at_least is not None and self.at_least > len(self.parts):
            raise ValueError(
                f"claim '{self.id}': at_least is {self.at_least}, but it has {len(self.parts)} "
                "parts; choose fewer"
            )
        return self

    @model_validator(mode="after")
    def _sameness_needs_a_margin_and_has_no_allowance(self) -> Self:
        if self.kind == "same" and (not self.margin or any(c.allowance for c in self.comparisons)):
            raise ValueError(
                f"claim '{self.id}': rows are the same within a margin; give a margin above 0 and "
                "no allowance"
            )
        return self

    @property
    def comparisons(self) -> tuple[Comparison, ...]:
        """All comparisons of all parts, each once."""
        return tuple(dict.fromkeys(one for part in self.parts for one in part))

    @property
    def scores(self) -> tuple[Score, ...]:
        """All that the claim compares, each once."""
        scores = [one.score for one in self.comparisons]
        scores += [self.value.score] if self.value else []
        return tuple(dict.fromkeys(scores))

    @property
    def corpora(self) -> tuple[str, ...]:
        """All corpora, or families of corpora, that the claim is about."""
        return tuple(dict.fromkeys(score.corpus for score in self.scores))

    @property
    def is_of_paper(self) -> bool:
        """Whether a paper makes the claim."""
        return self.family not in (OWN, PLANTED)

    @property
    def rows(self) -> tuple[str, ...]:
        """All rows that the claim is about."""
        compared = [name for one in self.comparisons for name in (one.row, one.rival)]
        return tuple(dict.fromkeys([*compared, *([self.value.row] if self.value else [])]))


def greater(
    claim_id: str,
    text: str,
    row: str,
    *rivals: str,
    corpus: str,
    metric: MetricName,
    emotion: str | None = None,
    margin: float = NO_STATED_GAP,
) -> Claim:
    """Claim that a row scores higher than each of its rivals, and so better.

    By a metric of which lower is better, higher scores are worse: the study has a fault then. Say
    `better` instead, which fits every metric.

    Args:
        claim_id: Names the claim in the report.
        text: The sentence.
        row: The row of the study that is claimed to be better.
        rivals: The rows that it is compared with.
        corpus: The corpus, or the family of corpora, that the sentence is about.
        metric: What is compared.
        emotion: One emotion's score instead of the overall one.
        margin: The gap below which the claim holds only in a weaker form: a fraction, or in the
            unit of a metric that is none.
    """
    about = better(
        claim_id, text, row, *rivals, corpus=corpus, metric=metric, emotion=emotion, margin=margin
    )
    return Claim.model_validate({**about.model_dump(), "kind": "greater"})


def better(
    claim_id: str,
    text: str,
    row: str,
    *rivals: str,
    corpus: str,
    metric: MetricName,
    emotion: str | None = None,
    margin: float = NO_STATED_GAP,
) -> Claim:
    """Claim that a row scores better than each of its rivals: lower, if lower is better.

    Args:
        claim_id: Names the claim in the report.
        text: The sentence.
        row: The row of the study that is claimed to be better.
        rivals: The rows that it is compared with.
        corpus: The corpus, or the family of corpora, that the sentence is about.
        metric: What is compared.
        emotion: One emotion's score instead of the overall one.
        margin: The gap below which the claim holds only in a weaker form: a fraction, or in the
            unit of a metric that is none.
    """
    score = Score(corpus, metric, emotion)
    return Claim(
        id=claim_id,
        text=text,
        kind="better",
        family=OWN,
        parts=(tuple(Comparison(row=row, rival=rival, score=score) for rival in rivals),),
        margin=margin,
    )


def same(
    claim_id: str,
    text: str,
    row: str,
    *others: str,
    corpus: str,
    metric: MetricName,
    emotion: str | None = None,
    margin: float = NO_STATED_GAP,
) -> Claim:
    """Claim that a row scores as each of some others does, but for less than the margin.

    Args:
        claim_id: Names the claim in the report.
        text: The sentence.
        row: The row of the study that is claimed to change nothing.
        others: The rows that it is compared with.
        corpus: The corpus, or the family of corpora, that the sentence is about.
        metric: What is compared.
        emotion: One emotion's score instead of the overall one.
        margin: The gap that would be a difference, in either direction: a fraction, or in the unit
            of a metric that is none.
    """
    about = better(
        claim_id, text, row, *others, corpus=corpus, metric=metric, emotion=emotion, margin=margin
    )
    return Claim.model_validate({**about.model_dump(), "kind": "same"})
