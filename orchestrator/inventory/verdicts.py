"""Verdicts on the claims of studies in a storage, as facts."""

from collections.abc import Sequence
from typing import NamedTuple

from orchestrator.facts import Facts
from reports.forms.verdict_words import stated
from reports.given.assess import FAILED
from reports.ledger.planned import Planned
from reports.scores.trials import TrialScores
from reports.verdicts.adaptive_seeds import judge_planned
from reports.verdicts.judgement import Judged


class ClaimVerdict(Facts):
    """The verdict on a claim."""

    id: str
    """The claim."""

    text: str
    """What it says."""

    verdict: str
    """HOLDS, HOLDS-WEAKER, FAILS, REVERSED, EQUIVALENT, UNDECIDED or UNTESTABLE, on this test
    split."""

    beyond: str | None
    """The verdict with the test set varied too; null if it is impossible."""

    num_seeds: int | None
    """The fewest seeds of any comparison; null without any."""

    reason: str
    """What it rests on, in words."""


class StudyVerdicts(Facts):
    """The verdicts on a study's claims."""

    study: str
    """The study."""

    corpus: str
    """The corpus."""

    scale: str
    """The scale of the models."""

    claims: tuple[ClaimVerdict, ...]
    """The claims, in the order of the study."""


class VerdictsFacts(Facts):
    """What `mmer-sweep verdict STUDY` prints."""

    studies: tuple[StudyVerdicts, ...]
    """The studies, by corpus and scale."""


class JudgedStudy(NamedTuple):
    """A planned study and the verdicts on its claims; `asked` ones, of one's own corpus, too."""

    planned: Planned
    judged: list[Judged]

    @property
    def has_failed(self) -> bool:
        """Whether a claim that the study states FAILS or is REVERSED."""
        return any(one.verdict in FAILED for one in stated(self.judged))


def judge_studies(chosen: Sequence[Planned], trial_scores: TrialScores) -> list[JudgedStudy]:
    """Judge the claims of planned studies by what is finished.

    Raises:
        LedgerError: If a record or its predictions are damaged.
    """
    return [JudgedStudy(one, judge_planned(one, trial_scores)) for one in chosen]


def verdicts_facts(judged: Sequence[JudgedStudy]) -> VerdictsFacts:
    """Describe the verdicts."""
    return VerdictsFacts(studies=tuple(map(_study_verdicts, judged)))


def _study_verdicts(one: JudgedStudy) -> StudyVerdicts:
    return StudyVerdicts(
        study=one.planned.study.name,
        corpus=one.planned.corpus,
        scale=one.planned.scale,
        claims=tuple(
            ClaimVerdict(
                id=each.claim.id,
                text=each.claim.text,
                verdict=each.verdict,
                beyond=each.beyond,
                num_seeds=each.num_seeds,
                reason=each.reason,
            )
            for each in stated(one.judged)
        ),
    )
