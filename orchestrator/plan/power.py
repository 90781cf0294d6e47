"""What `plan` prints about claims: which of them the planned seeds can decide."""

from collections.abc import Sequence
from typing import NamedTuple

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from orchestrator.plan.plan import Plan, planned_of
from reports.forms.verdict_words import count_claims
from reports.ledger.ledger import Ledger
from reports.ledger.planned import elsewhere, read_planned
from reports.scores.trials import TrialScores
from reports.statistics.power import MOST_SEEDS, POWER
from reports.verdicts.chance import Origin
from reports.verdicts.judgement import LEVEL
from reports.verdicts.prospects import Prospect, foresee
from search_spaces.metrics.registry import find_metric

UNKNOWN = "\N{EN DASH}"

MARKS: dict[Origin, str] = {"own": "", "pooled": "~", "assumed": "?"}
"""The mark behind a spread, by the origin of the spread."""

MEANINGS: dict[Origin, str] = {
    "own": "as both rows' finished trials have it",
    "pooled": "~ pooled over this study's finished trials and what is assumed",
    "assumed": "? assumed: seeds of std 0.8 points, uncorrelated",
}

ENOUGH = f"power {POWER:g} or more"


class _Foreseen(NamedTuple):
    """A study's claims and their prospects."""

    study: str
    prospects: list[Prospect]

    @property
    def tested(self) -> list[Prospect]:
        """The claims that get a test."""
        return [one for one in self.prospects if one.holding is not None]

    @property
    def untested(self) -> list[Prospect]:
        """The claims that will be UNTESTABLE here."""
        return [one for one in self.prospects if one.problem]


def claims_view(
    plans: Sequence[Plan], ledger: Ledger, looks: tuple[int, ...] = ()
) -> RenderableType:
    """Show which claims the planned seeds can decide: for one study each claim, for several counts.

    Args:
        plans: The studies, on one corpus.
        ledger: Knows which trials are finished, and where else the studies were planned.
        looks: The looks of adaptive seeds.

    Raises:
        LedgerError: If a plan, a record or its predictions are damaged or missing.
        StudyError: If a paper's claim has no row or column in its study.
    """
    foreseen = [_Foreseen(*one) for one in prospects_of(plans, ledger, looks).items()]
    tested = [one for study in foreseen for one in study.tested]
    untested = [one for study in foreseen for one in study.untested]
    parts: list[RenderableType] = []
    is_one = len(foreseen) == 1
    if tested and is_one:
        parts += [_summarise(foreseen[0]), _draw(tested)]
    elif tested:
        parts.append(_count(foreseen))
    if untested:
        parts.append(_tell_reasons(untested))
    if tested:
        parts += _explain(tested, is_adaptive=bool(looks)) if is_one else [_tell_where_more_is()]
    return Group(*parts)


def prospects_of(
    plans: Sequence[Plan], ledger: Ledger, looks: tuple[int, ...] = ()
) -> dict[str, list[Prospect]]:
    """Compute the prospects of each study's claims, together with its plans on other corpora.

    It takes and raises the same as `claims_view`; studies without claims are left out.
    """
    trial_scores, kept = TrialScores(ledger), read_planned(ledger)
    for plan in plans:
        trial_scores.know(plan.finished)
    planned = [planned_of(plan, looks) for plan in plans if plan.study.claims]
    return {
        one.study.name: foresee(one.study, [one, *elsewhere(one, kept)], trial_scores)
        for one in planned
    }


def _summarise(foreseen: _Foreseen) -> Text:
    """Say in a sentence how many claims of a study can be decided."""
    num_claims, decidable, *others = _numbers(foreseen)
    words = (
        "cannot",
        "without a printed gap",
        "without a test (a value, a cost)",
        "not judged here",
    )
    parts = [f"{number} {word}" for number, word in zip(others, words, strict=True) if number]
    sentence = f"{decidable or 'none'} can be decided with {_seeds(foreseen.tested)} ({ENOUGH})"
    text = f"{foreseen.study}: of {count_claims(num_claims)} {', '.join([sentence, *parts])}"
    return Text(text, style="bold")


def _seeds(tested: Sequence[Prospect]) -> str:
    numbers = sorted({one.holding.num_seeds for one in tested if one.holding})
    return f"{'-'.join(map(str, dict.fromkeys((numbers[0], numbers[-1]))))} seeds"


def _numbers(foreseen: _Foreseen) -> tuple[int, ...]:
    """Count the claims: all, decidable, too weak, without a gap, without a test, without trials."""
    tested, untested = foreseen.tested, foreseen.untested
    num_claims = len(foreseen.prospects)
    decidable = sum(one.is_decidable for one in tested)
    unprinted = sum(one.power is None for one in tested)
    return (
        num_claims,
        decidable,
        len(tested) - decidable - unprinted,
        unprinted,
        num_claims - len(tested) - len(untested),
        len(untested),
    )


def _count(foreseen: Sequence[_Foreseen]) -> Table:
    """Count the claims of several studies."""
    table = Table(box=None, padding=(0, 2, 0, 0))
    table.add_column("claims of")
    for header in ("all", "decidable", "too weak", "no gap", "no test", "not here"):
        table.add_column(header, justify="right")
    for one in foreseen:
        table.add_row(one.study, *map(str, _numbers(one)))
    return table


def _draw(tested: Sequence[Prospect]) -> Table:
    """Show the prospects of each claim, in points or the metric's own unit."""
    table = Table(box=None, header_style="dim", padding=(0, 2, 0, 0), pad_edge=False)
    table.add_column("claim", ratio=1, min_width=20)
    for header in ("gap", "std", "n", "power", "seeds", "finds", "same"):
        table.add_column(header, justify="right", no_wrap=True)
    for one in tested:
        if one.chance and one.holding:
            metric = find_metric(one.holding.comparison.score.metric)
            table.add_row(
                Text(f"{one.claim.id}  {one.claim.text}{_hanging(one)}"),
                UNKNOWN if one.gap is None else metric.show(one.gap, 2, signed=True),
                f"{metric.show(one.chance.spread.std, 2)}{MARKS[one.chance.spread.origin]}",
                str(one.chance.spread.num_pairs),
                UNKNOWN if one.power is None else f"{one.power:.2f}",
                _needed(one),
                metric.show(one.holding.smallest_gap, 2),
                UNKNOWN if one.power_if_same is None else f"{one.power_if_same:.2f}",
            )
    return table


def _hanging(prospect: Prospect) -> str:
    """Name the weakest comparison of a claim that makes several: the claim hangs on it."""
    if len(prospect.claim.comparisons) == 1 or prospect.holding is None:
        return ""
    one = prospect.holding.comparison
    metric = find_metric(one.score.metric)
    allowed = f" - {metric.show(one.allowance, 2)}" if one.allowance else ""
    sign = ">" if metric.sign > 0 else "<"
    return f" [hangs on {one.row} {sign} {one.rival}{allowed}]"


def _needed(prospect: Prospect) -> str:
    if prospect.power is None or prospect.chance is None:
        return UNKNOWN
    return str(prospect.chance.seeds_needed or f"> {MOST_SEEDS}")


def _tell_reasons(untested: Sequence[Prospect]) -> Text:
    """Print each reason once: mostly a whole corpus is missing, and so many claims share it."""
    reasons = dict.fromkeys(part for one in untested for part in one.problem.split("; "))
    return Text(f"{count_claims(len(untested))} not judged here: {'; '.join(reasons)}.")


def _explain(tested: Sequence[Prospect], *, is_adaptive: bool) -> list[RenderableType]:
    """Explain the columns, and the origin of each spread."""
    origins = dict.fromkeys(one.holding.spread.origin for one in tested if one.holding)
    meanings = {
        "gap": "as printed, in points; a claim about several hangs on that of least power",
        "std": f"of paired differences; {'; '.join(MEANINGS[origin] for origin in origins)}",
        "n": "from how many differences that is",
        "power": f"at that gap, one-sided at {LEVEL:g} over the claims of a table",
        "seeds": f"for power {POWER:g}; finds: the smallest gap with that power",
        "same": "power to show EQUIVALENT if the true gap is 0: within the claim's margin",
    }
    if any(one.claim.kind == "same" for one in tested):
        meanings["gap"] += "; 0 where rows are claimed to be the same"
        meanings["seeds"] += ", or the smallest margin around a gap of 0"
    metrics = [find_metric(s.metric) for one in tested for s in one.claim.scores]
    if any(metric.unit == "plain" for metric in metrics):
        meanings["gap"] += "; by a metric that is no fraction in its own unit"
    if any(len(one.claim.comparisons) > 1 for one in tested):
        meanings["power"] += "; of several gaps the most that it can be"
    if any(one.chance is not None and one.chance is one.failing for one in tested):
        meanings["power"] += (
            "; where the gap is not above 0, the least to find that the claim FAILS"
        )
    if is_adaptive:
        meanings["power"] += "; at the last look"
    return [Text(f"{word}: {meaning}", style="dim") for word, meaning in meanings.items()]


def _tell_where_more_is() -> Text:
    return Text(
        f"decidable: {ENOUGH} at the printed gap, with the seeds asked for; plan one study alone "
        "to see each of its claims.",
        style="dim",
    )
