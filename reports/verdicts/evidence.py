"""The evidence for one comparison of a claim: its gap over seeds, and over test sets too."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from reports.scores.cells import Outcome, find_cell
from reports.scores.collapsed import collapsed_seeds
from reports.scores.names import corpus_title
from reports.scores.redrawn import RedrawnScores
from reports.scores.trials import TrialScores
from reports.statistics.effects import Superiority, d_z, pairing_correlation, superiority
from reports.statistics.gap import Gap, paired_gap, with_test_set_variance
from reports.statistics.verdicts import FEWEST_SEEDS, Evidence, at_least, conjoin
from reports.tables.differences import pair
from search_spaces.claim import Claim, Comparison
from search_spaces.metrics.metric import Metric
from search_spaces.metrics.registry import find_metric


@dataclass(frozen=True)
class Compared:
    """A comparison with its paired scores; `problem` says why there are too few.

    Attributes:
        comparison: The comparison.
        seeds: The seeds that both rows have, one for each difference.
        folds: The fold of each difference; empty if the corpus has no folds.
        keys: The keys of the two trials of each difference.
        differences: The gains of the row over its rival, which include the comparison's allowance:
            differences of scores, turned round where lower is better.
        gap: The gap over seeds, on this test split.
        gap_beyond: The gap that also varies the test set; None if it cannot be estimated.
        correlation: The correlation of the two rows' scores over seeds.
        corpus: The corpus that was scored.
        looks: The looks of its adaptive seeds.
        num_missing: How many planned pairs have no score.
        diverged: The seeds at which a training diverged.
        collapsed: The seeds at which a score collapsed.
        problem: Why there is no gap; empty if there is one.
        test_share: That of folds, as in `reports.scores.cells.Cell`.
    """

    comparison: Comparison
    seeds: tuple[int, ...] = ()
    folds: tuple[str, ...] = ()
    keys: tuple[tuple[str, str], ...] = ()
    differences: tuple[float, ...] = ()
    gap: Gap | None = None
    gap_beyond: Gap | None = None
    correlation: float | None = None
    corpus: str = ""
    looks: tuple[int, ...] = ()
    num_missing: int = 0
    diverged: tuple[int, ...] = ()
    collapsed: tuple[int, ...] = ()
    problem: str = ""
    test_share: float = 0.0

    @property
    def effect_size(self) -> float | None:
        """The mean difference in standard deviations of the differences."""
        return d_z(np.array(self.differences))

    @property
    def metric(self) -> Metric:
        """The metric that is compared."""
        return find_metric(self.comparison.score.metric)

    @property
    def num_pairs_in_words(self) -> str:
        """The number of differences, as in `5 seeds` or `5 seeds x 10 folds`."""
        num_seeds, num_folds = len(set(self.seeds)), len(set(self.folds))
        seeds = "1 seed" if num_seeds == 1 else f"{num_seeds} seeds"
        if not self.folds:
            return seeds
        if num_seeds * num_folds == len(self.differences):
            return f"{seeds} x {num_folds} folds"
        return f"{len(self.differences)} pairs of seed and fold"

    def superiority(self, level: float = 0.95) -> Superiority | None:
        """Return the share of seeds at which the row scores better, with its interval.

        The allowance does not count: a row that is worse by less than it scores worse. With folds
        there is none, since the interval holds for independent draws alone.
        """
        if not self.differences or self.test_share:
            return None
        return superiority(np.array(self.differences) - self.comparison.allowance, level)


def find_outcome(outcomes: Iterable[Outcome], claim: Claim, corpus: str) -> Outcome | None:
    """Find the outcome on the corpus that a claim is about, at its scale.

    A corpus of exactly this name comes before other corpora of its family. Scores that others made
    are at no scale, and fit claims at any.
    """
    fitting = [
        outcome
        for outcome in outcomes
        if corpus in (outcome.corpus, outcome.family)
        and (outcome.is_given or claim.scale in (None, outcome.scale))
    ]
    return next((o for o in fitting if o.corpus == corpus), fitting[0] if fitting else None)


def compare(
    comparison: Comparison,
    claim: Claim,
    outcomes: Sequence[Outcome],
    trial_scores: TrialScores | None,
) -> Compared:
    """Pair the scores of the two rows by seed, and by fold if there are any; estimate their gap."""
    score = comparison.score
    outcome = find_outcome(outcomes, claim, score.corpus)
    if outcome is None:
        return Compared(comparison, problem=describe_absence(claim, score.corpus))
    cells = [find_cell(outcome, r, score, trial_scores) for r in (comparison.row, comparison.rival)]
    if void := dict.fromkeys(f"'{c.row}': {c.why_void}" for c in cells if c.why_void):
        return Compared(comparison, problem=f"nothing to compare: {'; '.join(void)}")
    pairs = pair(*cells)
    if len(pairs) < FEWEST_SEEDS:
        names = f"'{comparison.row}' and '{comparison.rival}'"
        things = "pairs of seed and fold" if outcome.has_folds else "seeds"
        return Compared(
            comparison,
            problem=f"{names} share {len(pairs)} of at least {FEWEST_SEEDS} {things}",
        )
    row, rival = (np.array([one.score for one in side]) for side in zip(*pairs, strict=True))
    seeds = tuple(ours.seed for ours, _ in pairs)
    fallen = _find_collapsed(outcome, comparison, trial_scores)
    differences = find_metric(score.metric).sign * (row - rival) + comparison.allowance
    share = cells[0].test_share
    return Compared(
        comparison=comparison,
        seeds=seeds,
        folds=tuple(ours.fold for ours, _ in pairs) if outcome.has_folds else (),
        keys=tuple((ours.key, theirs.key) for ours, theirs in pairs),
        differences=tuple(differences.tolist()),
        gap=paired_gap(differences, share),
        correlation=pairing_correlation(row, rival),
        corpus=outcome.corpus,
        looks=outcome.looks,
        num_missing=min(cell.num_planned for cell in cells) - len(seeds),
        diverged=tuple(
            ours.seed for ours, theirs in pairs if "diverged" in (ours.fault, theirs.fault)
        ),
        collapsed=tuple(seed for seed in seeds if seed in fallen),
        test_share=share,
    )


def _find_collapsed(
    outcome: Outcome, comparison: Comparison, trial_scores: TrialScores | None
) -> set[int]:
    """Find the seeds at which a row of a comparison collapsed, beside all rows of the outcome."""
    cells = [find_cell(outcome, row, comparison.score, trial_scores) for row in outcome.planned]
    by_row = dict(zip(outcome.planned, collapsed_seeds(cells), strict=True))
    return {*by_row[comparison.row], *by_row[comparison.rival]}


def weigh(claim: Claim, gaps: Mapping[Comparison, Gap]) -> Evidence:
    """Return the p-values of a claim's hypotheses from the gaps of all its comparisons."""
    weigh_one = _weigh_sameness if claim.kind == "same" else _weigh_direction
    evidence = {one: weigh_one(gap, claim.margin) for one, gap in gaps.items()}
    parts = [conjoin([evidence[one] for one in part]) for part in claim.parts]
    return at_least(claim.at_least or len(parts), parts)


def _weigh_direction(gap: Gap, margin: float) -> Evidence:
    return Evidence(
        p_not_above_zero=gap.p_not_above(0.0),
        p_not_below_zero=gap.p_not_below(0.0),
        p_not_below_margin=gap.p_not_below(margin),
        p_not_equivalent=max(gap.p_not_below(margin), gap.p_not_above(-margin)),
    )


def _weigh_sameness(gap: Gap, margin: float) -> Evidence:
    """Weigh margin - |gap|, which is above 0 if the rows are the same; it has no margin itself."""
    outside = min(gap.p_not_above(margin), gap.p_not_below(-margin))
    return Evidence(
        p_not_above_zero=max(gap.p_not_below(margin), gap.p_not_above(-margin)),
        p_not_below_zero=min(1.0, 2 * outside),
        p_not_below_margin=1.0,
        p_not_equivalent=1.0,
    )


def describe_absence(claim: Claim, corpus: str) -> str:
    """Say which trials a claim needs that the ledger does not have."""
    scale = f" at the {claim.scale} scale" if claim.scale else ""
    return f"no trials on {corpus_title(corpus)}{scale}"


def vary_test_set(
    compared: Compared, claim: Claim, outcomes: Sequence[Outcome], redrawn: RedrawnScores
) -> Compared:
    """Add the gap that also varies the test set, if it can be estimated."""
    score = compared.comparison.score
    outcome = find_outcome(outcomes, claim, score.corpus)
    if outcome is None or compared.gap is None:
        return compared
    keys = zip(*compared.keys, strict=True)
    row, rival = ([outcome.records[key] for key in of_row] for of_row in keys)
    found = redrawn.find_variance(row, rival, score)
    if found is None:
        return compared
    return replace(compared, gap_beyond=with_test_set_variance(compared.gap, *found))
