"""Shows plans: which trials studies need, share, have finished, and lack."""

from collections import Counter
from collections.abc import Iterable, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from models.own.system import OwnSystem
from orchestrator.plan.plan import Plan


def plan_view(plans: Sequence[Plan]) -> RenderableType:
    """Show the trials that each study needs, shares, has finished, and must still train."""
    table = Table(box=None, padding=(0, 2, 0, 0))
    for header in ("study", "corpus", "scale"):
        table.add_column(header)
    for header in ("rows", "seeds", "shared", "finished", "to train"):
        table.add_column(header, justify="right")
    seen: set[str] = set()
    for plan in plans:
        new = [key for key in plan.by_key if key not in seen]
        missing = [key for key in new if key not in plan.finished]
        table.add_row(
            plan.study.name,
            plan.corpus.name,
            plan.scale,
            str(len(plan.trials)),
            _seeds(plan),
            str(plan.num_cells - len(new)),
            str(len(new) - len(missing)),
            str(len(missing)),
        )
        seen |= set(new)
    finished = {key for plan in plans for key in plan.finished}
    num_cells = sum(plan.num_cells for plan in plans)
    things = "rows x seeds x folds" if any(plan.num_folds for plan in plans) else "rows x seeds"
    summary = Text(
        f"{num_cells} {things} are {len(seen)} trials, {num_cells - len(seen)} saved by "
        f"sharing: {len(finished)} finished, {len(seen - finished)} to train",
        style="bold",
    )
    told = (*_of_other_code(plans), *_of_earlier_source(plans))
    return Group(table, *_varied(plans), *_shared_rows(plans), summary, *told)


def _varied(plans: Sequence[Plan]) -> list[Text]:
    """Say of which rows a random stream is varied alone; such trials are no seeds of the row."""
    return [
        Text(
            f"{plan.study.name}/{plan.baseline} also trains with {', '.join(plan.varied)} varied "
            f"alone, {len(next(iter(plan.varied.values())))} seeds each"
        )
        for plan in plans
        if plan.varied
    ]


def _of_other_code(plans: Sequence[Plan]) -> list[Text]:
    """Say which finished trials other code trained, by the rows that use them."""
    keys = {key for plan in plans for key in plan.of_other_code}
    if not keys:
        return []
    of_plans = (plan.rows_by_key for plan in plans)
    rows = {ref.row: None for rows in of_plans for key in rows if key in keys for ref in rows[key]}
    return [
        Text(
            f"other code trained {len(keys)} of the finished trials (rows {', '.join(rows)}); "
            "--retrain trains them anew and keeps the old records",
            style="yellow",
        )
    ]


def _of_earlier_source(plans: Sequence[Plan]) -> list[Text]:
    """Say which trials of users' own systems an earlier source made, by the file."""
    trials = {trial.key: trial for plan in plans for trial in plan.of_earlier_source}
    counts = Counter(
        trial.config.model.code.file
        for trial in trials.values()
        if isinstance(trial.config.model, OwnSystem)
    )
    return [
        Text(
            f"{count} of the trials to train {'was' if count == 1 else 'were'} made by an earlier "
            f"{file}, or with other modules beside it; those records stay",
            style="yellow",
        )
        for file, count in counts.items()
    ]


def _seeds(plan: Plan) -> str:
    """Write how many seeds the rows have, and of how many folds, as in `2 x 5 folds`."""
    folds = plan.num_folds
    numbers = _range(len(trials) // max(folds, 1) for trials in plan.trials.values())
    return f"{numbers} x {folds} folds" if folds else numbers


def _range(numbers: Iterable[int]) -> str:
    """Write the smallest and the largest number; only one if they are equal."""
    ordered = sorted(set(numbers))
    return str(ordered[0]) if len(ordered) == 1 else f"{ordered[0]}-{ordered[-1]}"


def _shared_rows(plans: Sequence[Plan]) -> list[Text]:
    """List the rows that share trials."""
    things = "pairs of seed and fold" if any(plan.num_folds for plan in plans) else "seeds"
    groups: dict[tuple[str, ...], int] = {}
    every = {key for plan in plans for key in plan.by_key}
    for key in every:
        rows = tuple(str(row) for plan in plans for row in plan.rows_by_key.get(key, ()))
        if len(rows) > 1:
            groups[rows] = groups.get(rows, 0) + 1
    return [
        Text(f"shared, trained once: {' = '.join(rows)} ({count} {things})")
        for rows, count in sorted(groups.items())
    ]
