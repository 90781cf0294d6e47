"""The reason for a verdict in words, and how many seeds would decide an open claim."""

from collections.abc import Sequence
from math import inf

from reports.ledger.record import Result
from reports.scores.cells import Cell
from reports.statistics.power import seeds_needed
from reports.verdicts.evidence import Compared
from search_spaces.claim import Claim, PrintedValue


def describe_gaps(claim: Claim, compared: Sequence[Compared], confidence: float) -> str:
    """Describe the gap in points; of several gaps the smallest, which decides a conjunction.

    The allowance is written beside the gap, which does not contain it.
    """
    gaps = [(one.gap, one) for one in compared if one.gap is not None]
    gap, smallest = min(gaps, key=lambda one: one[0].mean)
    comparison = smallest.comparison
    mean, low, high = (
        100 * (value - comparison.allowance) for value in (gap.mean, *gap.interval(confidence))
    )
    text = f"{mean:+.2f} points [{low:+.2f}, {high:+.2f}]"
    text += f", {100 * comparison.allowance:.2f} allowed" if comparison.allowance else ""
    text += f", n = {gap.num_seeds}"
    if smallest.effect_size is not None:
        text += f", d_z = {smallest.effect_size:.1f}"
    if smallest.superiority is not None:
        text += f", P(better) = {smallest.superiority:.2f}"
    named = {one.comparison.score.corpus for one in compared}
    others = sorted({one.corpus for one in compared} - named)
    text += f", on {', '.join(others)}" if others else ""
    missing = max(one.num_missing for one in compared)
    text += f", {missing} planned seeds without a score" if missing else ""
    diverged = max(one.num_diverged for one in compared)
    text += f", {diverged} {'seed' if diverged == 1 else 'seeds'} diverged" if diverged else ""
    if len(gaps) == 1:
        return f"gap {text}"
    return f"smallest of {len(gaps)} gaps, to '{comparison.rival}', {text}"


def project_seeds(claim: Claim, compared: Sequence[Compared], level: float) -> int | None:
    """Project how many seeds would decide a claim, if the true gaps equal the estimated ones.

    A claim is decided if enough of its parts are above 0, or if so many are below 0 that it cannot
    hold. Each part is tested at the most cautious level of the partial conjunction.

    Args:
        claim: The claim.
        compared: All of its comparisons.
        level: One-sided: the claim's own share of its table's level.
    """
    num_parts = len(claim.parts)
    needed = claim.at_least or num_parts
    refuting = num_parts - needed + 1
    effects = {one.comparison: one.effect_size or 0.0 for one in compared}
    holding, failing = [], []
    for part in claim.parts:
        above = [seeds_needed(effects[one], level / refuting) for one in part]
        below = [seeds_needed(-effects[one], level / needed / len(part)) for one in part]
        holding.append(max(number or inf for number in above))
        failing.append(min(number or inf for number in below))
    fewest = min(sorted(holding)[needed - 1], sorted(failing)[refuting - 1])
    return None if fewest == inf else int(fewest)


def describe_value(
    cell: Cell, value: PrintedValue, best_of: int | None, num_diverged: int = 0
) -> str:
    """Describe our score beside a printed one, and how lucky a run would have to be to reach it."""
    factor = 100 if value.unit == "percent" else 1
    decimals = len(value.text.partition(".")[2])
    ours = " ± ".join(f"{factor * (part or 0):.{decimals}f}" for part in (cell.mean, cell.std))
    luck = {None: "no best of any number of runs reaches it", 1: "a usual run reaches it"}.get(
        best_of, f"expected from the best of {best_of}"
    )
    num_seeds = f"n = {cell.num_scores}"
    num_seeds += f", {num_diverged} of them diverged" if num_diverged else ""
    return f"ours {ours} ({num_seeds}), published {value.text}; {luck}"


def describe_costs(row: str, result: Result) -> str:
    """Describe a model's parameters and its multiply-accumulates on the reference clip."""
    text = f"'{row}': {result.num_parameters / 1e6:.1f} M parameters"
    if result.num_parameters_without_embeddings is not None:
        without = result.num_parameters_without_embeddings
        text += f" ({without / 1e6:.1f} M without embeddings)"
    if result.macs is not None:
        text += f", {result.macs / 1e9:.2f} G multiply-accumulates on the reference clip"
    return text
