"""Two searches at equal numbers of candidates, and what their bands allow to say."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from reports.ledger.search_result import SearchResult
from reports.search.bands import Band, Floats, reaching_band
from reports.search.best import finished
from reports.search.tuning import CONFIDENCE, Curve, limit_f1, make_curve
from reports.search.words import PERCENT

ABOVE, BELOW, UNKNOWN = "above", "below", ""

RARE = 0.05
"""A run is above random search if at most this share of random searches reaches as much."""


@dataclass(frozen=True)
class Comparison:
    """The tuning curves of two searches, as far as both go, and the limits of their difference.

    All limits hold for all numbers of candidates at once with 95 %; without a band they are NaN.
    Beside a band, a search without one is a single run. A run above the median is no evidence, for
    half of all random searches are. So `reaching` limits the share of random searches that reach
    as much as the run.

    Shapes:
        low, high: (candidates,), of our F1 minus theirs
    """

    ours: Curve
    theirs: Curve
    low: Floats
    high: Floats
    reaching: Band | None

    @property
    def states(self) -> list[str]:
        """Say for each number of candidates whether we are `above`, `below`, or neither.

        A run is above random search if at most 5 % of random searches reach as much, and below it
        if at least 95 % do.
        """
        if self.reaching is None:
            is_above, is_below = self.low > 0, self.high < 0
        else:
            is_above = self.reaching.high <= RARE
            is_below = self.reaching.low >= 1 - RARE
            if self.ours.band is not None:
                is_above, is_below = is_below, is_above
        return [
            ABOVE if above else BELOW if below else UNKNOWN
            for above, below in zip(is_above, is_below, strict=True)
        ]


def compare(result: SearchResult, rival: SearchResult) -> Comparison | None:
    """Compare two searches; None before both have a finished candidate.

    Two bands hold together with 95 % if each holds with 97.5 %.
    """
    if not (finished(result) and finished(rival)):
        return None
    drawn = [one for one in (result, rival) if one.sampler == "random"]
    level = 1 - (1 - CONFIDENCE) / max(len(drawn), 1)
    ours, theirs = (
        make_curve(one, one.candidates, one.name, level=level) for one in (result, rival)
    )
    num = min(len(ours.best), len(theirs.best))
    (low, high), (their_low, their_high) = (
        curve.band or (curve.best, curve.best) for curve in (ours, theirs)
    )
    reaching = None
    if len(drawn) == 1:
        run = theirs if theirs.band is None else ours
        least, most = zip(*map(limit_f1, drawn[0].candidates), strict=True)
        reaching = reaching_band(least, most, run.best[:num], level)
    nothing = np.full(num, np.nan)
    return Comparison(
        ours=ours,
        theirs=theirs,
        low=low[:num] - their_high[:num] if drawn else nothing,
        high=high[:num] - their_low[:num] if drawn else nothing,
        reaching=reaching,
    )


def tell_comparison(result: SearchResult, rival: SearchResult) -> str:
    """Say where the bands tell two searches apart, and what the comparison does not see."""
    comparison = compare(result, rival)
    if comparison is None:
        return f"No comparison with '{rival.name}': one of the two has no finished candidate."
    if comparison.reaching is not None:
        told = _tell_run(comparison, comparison.reaching)
    elif comparison.ours.band is None:
        told = _tell_runs(comparison)
    else:
        told = _tell_bands(comparison)
    return " ".join([*told, *_tell_limits(result, rival)])


def _tell_bands(comparison: Comparison) -> Iterator[str]:
    """Say where the bands of two random searches do not overlap."""
    ours, theirs = comparison.ours.name, comparison.theirs.name
    told = False
    for state in (ABOVE, BELOW):
        if spans := _spans(comparison.states, state):
            told = True
            yield (
                f"With {spans} the median best F1 of '{ours}' is {state} that of '{theirs}': the "
                "bands, which hold together with 95 %, do not overlap."
            )
    if not told:
        yield (
            f"With any number of candidates up to {len(comparison.low)}, the bands of the median "
            f"best F1 of '{ours}' and '{theirs}' overlap: they cannot be told apart."
        )


def _tell_run(comparison: Comparison, reaching: Band) -> Iterator[str]:
    """Say how many random searches reach what one run has reached."""
    ours, theirs = comparison.ours, comparison.theirs
    run, drawn = (ours, theirs) if ours.band is None else (theirs, ours)
    is_rare, is_common = reaching.high <= RARE, reaching.low >= 1 - RARE
    what = f"of random searches such as '{drawn.name}' reach what this run of '{run.name}' reached"
    if spans := _spans(is_rare.tolist(), True):
        yield f"With {spans} at most {PERCENT * RARE:.0f} % {what}."
    if spans := _spans(is_common.tolist(), True):
        yield f"With {spans} at least {PERCENT * (1 - RARE):.0f} % {what}."
    low, high = (PERCENT * limit[-1] for limit in reaching)
    yield f"With {len(reaching.low)} candidates between {low:.0f} and {high:.0f} % {what}."
    if not (is_rare[-1] or is_common[-1]):
        yield "So at its end this one run does not tell the two apart."
    yield "All this holds together with 95 %."


def _tell_runs(comparison: Comparison) -> Iterator[str]:
    """Say how far two runs are apart, and that this is no evidence."""
    num = len(comparison.low)
    gap = comparison.ours.best[num - 1] - comparison.theirs.best[num - 1]
    yield (
        f"After {num} candidates the best F1 of '{comparison.ours.name}' minus that of "
        f"'{comparison.theirs.name}' is {PERCENT * gap:+.1f} points. Neither has a band, because "
        "neither drew at random: another run of either may say the opposite."
    )


def _tell_limits(result: SearchResult, rival: SearchResult) -> Iterator[str]:
    """Say what an equal number of candidates leaves unequal, and which bands have no upper end."""
    num = min(len(result.candidates), len(rival.candidates))
    epochs = [
        sum(candidate.num_epochs for candidate in one.candidates[:num]) for one in (result, rival)
    ]
    yield (
        f"The budget is the number of candidates: the first {num} trained {epochs[0]} epochs here "
        f"and {epochs[1]} there."
    )
    for one in (result, rival):
        if one.sampler == "random" and any(c.state == "stopped" for c in one.candidates):
            yield (
                f"'{one.name}' stopped candidates early; what these would have reached is not "
                "known, so its band hardly ends above. --no-asha trains them all."
            )


def _spans(states: Sequence[object], wanted: object) -> str:
    """List the numbers of candidates with a state, as in `3 to 12, 15 candidates`."""
    spans = []
    for state, group in groupby(enumerate(states, 1), key=lambda pair: pair[1]):
        numbers = [number for number, _ in group]
        if state == wanted:
            first, last = numbers[0], numbers[-1]
            spans.append(f"{first}" if first == last else f"{first} to {last}")
    noun = "candidate" if spans == ["1"] else "candidates"
    return f"{', '.join(spans)} {noun}" if spans else ""
