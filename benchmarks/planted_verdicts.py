"""How often is the verdict on a planted claim right?

    mmer-sweep components --seeds 50 --no-models --storage STORAGE
    python -m benchmarks.planted_verdicts STORAGE

Trials are real. The seeds of each study in the storage are divided into disjoint sets of five; the
study is judged on each finished set by itself. The generator of the synthetic corpus decides which
verdicts are right (`docs/synthetic.md`).
"""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from benchmarks.measurement import markdown_table
from reports.ledger.ledger import Ledger
from reports.ledger.planned import Planned, read_planned
from reports.scores.cells import collect_outcome
from reports.scores.trials import TrialScores
from reports.statistics.verdicts import FEWEST_SEEDS
from reports.verdicts.judgement import judge_claims
from search_spaces.studies.planted import PLANTED_CLAIMS, SYNTHETIC, Planted

SEEDS_A_SET = 5
NOT_DECIDED = ("UNDECIDED", "UNTESTABLE")


def sets_of_seeds(planned: Planned, size: int) -> list[Planned]:
    """Divide the seeds of a planned study into disjoint sets; what is left over is left out."""
    num_sets = min(len(keys) for keys in planned.keys.values()) // size
    return [
        planned.model_copy(
            update={
                "keys": {
                    row: keys[number * size : (number + 1) * size]
                    for row, keys in planned.keys.items()
                }
            }
        )
        for number in range(num_sets)
    ]


def is_finished(planned: Planned, trial_scores: TrialScores) -> bool:
    """Whether all trials of a planned study are finished."""
    keys = {key for of_row in planned.keys.values() for key in of_row}
    return trial_scores.finished(keys).keys() == keys


def verdicts_of(planned: Planned, trial_scores: TrialScores) -> dict[str, str]:
    """Judge a study on its planned trials alone: a verdict for each claim."""
    outcome = collect_outcome(planned, trial_scores)
    judged = judge_claims(planned.study, [outcome], trial_scores, asked_of=[])
    return {one.claim.id: one.verdict for one in judged}


def count_verdicts(storage: Path, size: int) -> Iterator[tuple[str, Planted, Counter[str]]]:
    """Count the verdicts on each planted claim of the studies that a storage has, over the sets."""
    ledger = Ledger(storage)
    trial_scores = TrialScores(ledger)
    for planned in read_planned(ledger):
        if planned.corpus == SYNTHETIC and planned.study.name in PLANTED_CLAIMS:
            whole = [one for one in sets_of_seeds(planned, size) if is_finished(one, trial_scores)]
            sets = [verdicts_of(one, trial_scores) for one in whole]
            for claim in PLANTED_CLAIMS[planned.study.name]:
                found = Counter(one[claim.claim.id] for one in sets if claim.claim.id in one)
                yield planned.study.name, claim, found


def tabulate(counted: list[tuple[str, Planted, Counter[str]]]) -> Table:
    """Tabulate what was counted; the last row sums up all claims."""
    table = markdown_table("study", "claim", "sets", "decided", "right", "verdicts")
    total: Counter[str] = Counter()
    for study, planted, found in counted:
        num_sets = found.total()
        num_decided = num_sets - sum(found[verdict] for verdict in NOT_DECIDED)
        num_right = sum(found[verdict] for verdict in planted.right)
        total.update(sets=num_sets, decided=num_decided, right=num_right)
        words = ", ".join(f"{verdict} {number}" for verdict, number in found.most_common())
        table.add_row(
            *(study, f"{planted.claim.id}: {planted.claim.text}"),
            *(str(num_sets), str(num_decided), str(num_right), words),
        )
    table.add_row("all", "", str(total["sets"]), str(total["decided"]), str(total["right"]), "")
    return table


@click.command()
@click.argument("storage", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--seeds",
    type=click.IntRange(min=FEWEST_SEEDS),
    default=SEEDS_A_SET,
    show_default=True,
    help="Seeds in each set.",
)
def main(storage: Path, seeds: int) -> None:
    """Print how often the verdicts on planted claims were decided, and how often right."""
    Console(width=160).print(tabulate([*count_verdicts(storage, seeds)]))


if __name__ == "__main__":
    main()
