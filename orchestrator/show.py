"""What commands print about studies, plans and corpora."""

import json
from collections.abc import Iterable, Sequence

from pydantic import JsonValue
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from orchestrator.plan import Plan
from search_spaces.published import load_published
from search_spaces.study import Baseline, Study


def studies_table(studies: Iterable[Study]) -> RenderableType:
    """List studies with their tables and sizes."""
    table = Table(box=None, padding=(0, 2, 0, 0))
    for header in ("study", "title", "source"):
        table.add_column(header)
    table.add_column("rows", justify="right")
    for study in studies:
        table.add_row(study.name, study.title, _source(study), str(len(study.rows)))
    return table


def study_view(study: Study) -> RenderableType:
    """Show a study's rows: what was printed for each, and what each changes; and its claims."""
    published = study.published_table()
    printed = Table(box=None, padding=(0, 2, 0, 0))
    printed.add_column("row")
    for column in published.columns if published else ():
        printed.add_column(column, justify="right", no_wrap=True)
    changes = Table(box=None, padding=(0, 2, 0, 0))
    changes.add_column("row")
    changes.add_column("changes in the baseline")
    for row in study.rows:
        values = load_published().row(row.published).values if row.published else ()
        printed.add_row(row.name, *values)
        own = [f"another system: {_system(row.baseline)}"] if row.baseline else []
        changed = own + [f"{path} = {_plain(value)}" for path, value in row.change.items()]
        changes.add_row(row.name, "\n".join(changed) or "nothing")
    claims = [load_published().claim(claim) for claim in study.claims]
    return Group(
        Text(f"{study.name}: {study.title} ({_source(study)})", style="bold"),
        Text(f"seeds {', '.join(map(str, study.seeds))}"),
        Text(f"\nPrinted, in {published.unit}:" if published else "\nRows:"),
        printed,
        Text(),
        changes,
        Text("\nClaims of the paper:" if claims else ""),
        *(Text(f"{claim.id}  {claim.claim}") for claim in claims),
    )


def plan_view(plans: Sequence[Plan]) -> RenderableType:
    """Show what each study needs, what is shared, finished, and left to train."""
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
            str(plan.num_cells // len(plan.trials)),
            str(plan.num_cells - len(new)),
            str(len(new) - len(missing)),
            str(len(missing)),
        )
        seen |= set(new)
    finished = {key for plan in plans for key in plan.finished}
    summary = Text(
        f"{sum(plan.num_cells for plan in plans)} rows x seeds are {len(seen)} trials: "
        f"{len(finished)} finished, {len(seen - finished)} to train",
        style="bold",
    )
    return Group(table, *_shared_rows(plans), summary)


def _shared_rows(plans: Sequence[Plan]) -> list[Text]:
    """Name the rows that stand for one trial."""
    groups: dict[tuple[str, ...], int] = {}
    every = {key for plan in plans for key in plan.by_key}
    for key in every:
        rows = tuple(str(row) for plan in plans for row in plan.rows_by_key.get(key, ()))
        if len(rows) > 1:
            groups[rows] = groups.get(rows, 0) + 1
    return [
        Text(f"shared, trained once: {' = '.join(rows)} ({count} seeds)")
        for rows, count in sorted(groups.items())
    ]


def _system(baseline: Baseline) -> str:
    """Name the systems of a baseline; mostly one."""
    configs = (config for by_corpus in baseline.values() for config in by_corpus.values())
    return ", ".join(dict.fromkeys(config.model.system for config in configs))


def _plain(value: JsonValue) -> str:
    """Write a changed value without the quotes of JSON."""
    return json.dumps(value).replace('"', "")


def _source(study: Study) -> str:
    if study.source is None:
        return "own"
    first_author = study.source.paper.authors.split(",")[0]
    return f"{first_author} et al., {study.source.label}"
