"""The reason for a verdict in words, and how many seeds would decide an open claim."""

from collections.abc import Sequence
from math import inf, sqrt

import numpy as np

from reports.ledger.record import Result
from reports.scores.cells import Cell
from reports.statistics.equivalence import seeds_for_equivalence
from reports.statistics.gap import Gap, paired_gap
from reports.statistics.power import seeds_needed
from reports.statistics.sign_flip import MOST_FLIPPED, sign_flip_p, smallest_p
from reports.verdicts.evidence import Compared
from search_spaces.claim import Claim, Comparison, PrintedValue
from search_spaces.metrics.registry import find_metric


def describe_gaps(claim: Claim, compared: Sequence[Compared], confidence: float) -> str:
    """Describe the gap in the metric's unit; of several gaps the one that decides a conjunction.

    That is the smallest, or of a claim that rows are the same the one farthest from 0.

    The allowance is written beside the gap, which does not contain it.
    """
    decisive, gap = _find_decisive(claim, compared)
    comparison, metric = decisive.comparison, decisive.metric
    mean, low, high = (
        metric.show(one, 2, signed=True) for one in _without_allowance(gap, comparison, confidence)
    )
    text = f"{mean}{metric.points} [{low}, {high}]"
    text += " (above 0: lower, so better)" if metric.sign < 0 else ""
    allowance = metric.show(comparison.allowance, 2)
    text += f", {allowance} allowed" if comparison.allowance else ""
    text += f", n = {gap.num_seeds}"
    if decisive.test_share:
        text += f" ({decisive.num_pairs_in_words}, corrected resampled t)"
    if decisive.effect_size is not None:
        text += f", d_z = {decisive.effect_size:.1f}"
    better = decisive.superiority(confidence)
    if better is not None:
        text += f", P(better) = {better.share:.2f} [{better.low:.2f}, {better.high:.2f}]"
    named = {one.comparison.score.corpus for one in compared}
    others = sorted({one.corpus for one in compared} - named)
    text += f", on {', '.join(others)}" if others else ""
    missing = max(one.num_missing for one in compared)
    text += f", {missing} planned seeds without a score" if missing else ""
    diverged = max(len(one.diverged) for one in compared)
    text += f", {diverged} {'seed' if diverged == 1 else 'seeds'} diverged" if diverged else ""
    if any(one.collapsed for one in compared):
        collapsed = max(len(one.collapsed) for one in compared)
        text += f", {collapsed} {'seed' if collapsed == 1 else 'seeds'} collapsed: "
        text += _describe_p_values(claim, decisive)
    if len(compared) == 1:
        return f"gap {text}"
    return f"{_rank(claim)} of {len(compared)} gaps, to '{comparison.rival}', {text}"


def describe_briefly(claim: Claim, compared: Sequence[Compared], confidence: float) -> str:
    """Describe the same gap in few words: its size, its interval and the seeds."""
    decisive, gap = _find_decisive(claim, compared)
    metric = decisive.metric
    gaps = _without_allowance(gap, decisive.comparison, confidence)
    low, high = (metric.show(one, 1) for one in gaps[1:])
    text = (
        f"{metric.show(gaps[0], 1, signed=True)}{metric.points}, {100 * confidence:.4g} % interval "
        f"{low} to {high}, {decisive.num_pairs_in_words}"
    )
    text += " (above 0: lower, so better)" if metric.sign < 0 else ""
    if len(compared) == 1:
        return text
    return f"{_rank(claim)} of {len(compared)} gaps {text}"


def _find_decisive(claim: Claim, compared: Sequence[Compared]) -> tuple[Compared, Gap]:
    """Find the comparison with the smallest gap; where rows are the same, with the largest."""
    gaps = [(one, one.gap) for one in compared if one.gap is not None]
    is_same = claim.kind == "same"
    return min(gaps, key=lambda one: -abs(one[1].mean) if is_same else one[1].mean)


def _rank(claim: Claim) -> str:
    return "largest" if claim.kind == "same" else "smallest"


def _without_allowance(
    gap: Gap, comparison: Comparison, confidence: float
) -> tuple[float, float, float]:
    """Return a gap without its allowance, and the ends of its interval."""
    low, high = gap.interval(confidence)
    allowance = comparison.allowance
    return gap.mean - allowance, low - allowance, high - allowance


def _describe_p_values(claim: Claim, compared: Compared) -> str:
    """Set the p of the sign-flip test beside that of t, in the direction that the gap has."""
    differences = np.array(compared.differences)
    tested = [differences if differences.mean() >= 0 else -differences]
    if claim.kind == "same":
        tested = [claim.margin + differences, claim.margin - differences]
    by_t = max(paired_gap(one).p_not_above(0.0) for one in tested)
    if len(differences) > MOST_FLIPPED:
        return f"p of t {by_t:.4f}"
    by_flips = max(sign_flip_p(one) for one in tested)
    floor = smallest_p(len(differences))
    return f"p of t {by_t:.4f}, of sign flips {by_flips:.4f} (at least {floor:.4f})"


def project_seeds(claim: Claim, compared: Sequence[Compared], level: float) -> int | None:
    """Project how many seeds would decide a claim, if the true gaps equal the estimated ones.

    A claim is decided if enough of its parts are above 0, or if so many are below the margin that
    it cannot hold in full. A claim that rows are the same is decided if all gaps are within the
    margin, or one is outside. Each part is tested at the most cautious level of the partial
    conjunction.

    Args:
        claim: The claim.
        compared: All of its comparisons.
        level: One-sided: the claim's own share of its table's level.
    """
    if any(one.test_share for one in compared):
        return None  # more seeds on the same folds may decide nothing
    num_parts = len(claim.parts)
    needed = claim.at_least or num_parts
    refuting = num_parts - needed + 1
    found = {one.comparison: one for one in compared}
    above, below = _SHOWN[claim.kind == "same"]
    holding, failing = [], []
    for part in claim.parts:
        effects = [_in_stds(found[one], claim.margin) for one in part]
        shown = [above(*effect, level / refuting) for effect in effects]
        refuted = [below(*effect, level / needed / len(part)) for effect in effects]
        holding.append(max(number or inf for number in shown))
        failing.append(min(number or inf for number in refuted))
    fewest = min(sorted(holding)[needed - 1], sorted(failing)[refuting - 1])
    return None if fewest == inf else int(fewest)


def _in_stds(compared: Compared, margin: float) -> tuple[float, float]:
    """Return the gap and the margin in standard deviations of the differences; 0 without any."""
    if compared.gap is None or compared.effect_size is None:
        return 0.0, 0.0
    std = compared.gap.std_error * sqrt(compared.gap.num_seeds)
    return compared.effect_size, margin / std


def _to_be_above(d_z: float, margin: float, level: float) -> int | None:
    return seeds_needed(d_z, level)


def _to_be_below(d_z: float, margin: float, level: float) -> int | None:
    return seeds_needed(margin - d_z, level)


def _to_be_outside(d_z: float, margin: float, level: float) -> int | None:
    return seeds_needed(abs(d_z) - margin, level / 2)


_SHOWN = {
    False: (_to_be_above, _to_be_below),
    True: (seeds_for_equivalence, _to_be_outside),
}
"""How many seeds show and refute a comparison, by whether the rows are claimed to be the same."""


def describe_value(
    cell: Cell,
    value: PrintedValue,
    best_of: int | None,
    num_diverged: int = 0,
    whose: str = "ours",
) -> str:
    """Describe our score beside a printed one, and how lucky a run would have to be to reach it."""
    factor = 100 if value.unit == "percent" else 1
    decimals = len(value.text.partition(".")[2])
    ours = " ± ".join(f"{factor * (part or 0):.{decimals}f}" for part in (cell.mean, cell.std))
    beyond = "below" if find_metric(cell.metric).sign < 0 else "above"
    luck = {None: f"{beyond} the best of {whose}", 1: "a usual run reaches it"}.get(
        best_of, f"expected from the best of {best_of}"
    )
    num_seeds = f"n = {cell.num_scores}"
    num_seeds += f", {num_diverged} of them diverged" if num_diverged else ""
    return f"{whose} {ours} ({num_seeds}), published {value.text}; {luck}"


def describe_costs(row: str, result: Result) -> str:
    """Describe a model's parameters and its multiply-accumulates on the reference clip."""
    text = f"'{row}': {result.num_parameters / 1e6:.1f} M parameters"
    if result.num_parameters_without_embeddings is not None:
        without = result.num_parameters_without_embeddings
        text += f" ({without / 1e6:.1f} M without embeddings)"
    if result.macs is not None:
        text += f", {result.macs / 1e9:.2f} G multiply-accumulates on the reference clip"
    return text
