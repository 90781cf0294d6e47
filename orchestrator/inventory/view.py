"""Shows studies: a list of them, and the rows and claims of one."""

import json
from collections.abc import Iterable

from pydantic import JsonValue
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from reports.scores.names import corpus_title
from search_spaces.change import flatten
from search_spaces.claim import Claim
from search_spaces.paper_claims import claims_of
from search_spaces.study import Baseline, Study

COLUMNS_BESIDE = 6
"""How many columns of a printed table fit beside each other into a narrow terminal."""


def studies_table(studies: Iterable[Study]) -> RenderableType:
    """List studies with their tables and sizes."""
    table = Table(box=None, padding=(0, 2, 0, 0))
    for header in ("study", "title", "source"):
        table.add_column(header)
    table.add_column("rows", justify="right")
    for study in studies:
        table.add_row(study.name, study.title, source_of(study) or "own", str(len(study.rows)))
    return table


def study_view(study: Study) -> RenderableType:
    """Show a study's rows, with the printed values and the changes of each, and its claims."""
    changes = Table(box=None, padding=(0, 2, 0, 0))
    changes.add_column("row")
    changes.add_column("changes in the baseline")
    for row in study.rows:
        own = _own_baseline(row.baseline, study.baseline) if row.baseline else []
        changed = own + [f"{path} = {_plain(value)}" for path, value in row.change.items()]
        changes.add_row(row.name, "\n".join(changed) or "nothing")
    return Group(
        Text(f"{study.name}: {study.title} ({source_of(study) or 'own'})", style="bold"),
        Text(f"seeds {', '.join(map(str, study.seeds))}"),
        *_printed_tables(study),
        Text("\nRows:"),
        changes,
        Text("\nClaims:" if study.claims else ""),
        *(Text(_describe(claim)) for claim in claims_of(study)),
    )


def _own_baseline(own: Baseline, baseline: Baseline) -> list[str]:
    """Name the system of a row's own baseline, or what differs in each scale if it is the same."""
    if _system(own) != _system(baseline):
        return [f"another system: {_system(own)}"]
    lines = [
        f"{path} = {_plain(value)} (scale {scale})"
        for scale, configs in own.items()
        for corpus, config in configs.items()
        if (rival := baseline.get(scale, {}).get(corpus)) is not None
        for path, value in flatten(config).items()
        if value != flatten(rival).get(path)
    ]
    return list(dict.fromkeys(lines))


def _printed_tables(study: Study) -> Iterable[RenderableType]:
    """Show each printed table, a few columns at a time."""
    for table_id in study.printed_tables:
        published = study.printed.table(table_id)
        place = f", {corpus_title(published.dataset)}" if published.dataset else ""
        yield Text(f"\nPrinted in {published.label}{place}, in {published.unit}:")
        for start in range(0, len(published.columns), COLUMNS_BESIDE):
            yield _printed_columns(study, table_id, slice(start, start + COLUMNS_BESIDE))


def _printed_columns(study: Study, table_id: str, part: slice) -> RenderableType:
    printed = Table(box=None, padding=(0, 1, 0, 0))
    printed.add_column("row")
    for column in study.printed.table(table_id).columns[part]:
        printed.add_column(column.replace(".", "\n"), justify="right", no_wrap=True)
    for row in study.rows:
        references = [r for r in row.published if r.startswith(f"{table_id}/")]
        values = study.printed.row(references[0]).values[part] if references else ()
        printed.add_row(row.name, *values)
    return printed


def _describe(claim: Claim) -> str:
    reading = claim.note or claim.untestable
    return f"{claim.id}  {claim.text}" + (f" [{reading}]" if reading else "")


def _system(baseline: Baseline) -> str:
    """Name the systems of a baseline; most baselines have one."""
    configs = (config for by_corpus in baseline.values() for config in by_corpus.values())
    return ", ".join(dict.fromkeys(config.model.system for config in configs))


def _plain(value: JsonValue) -> str:
    """Write a changed value without the quotes of JSON."""
    return json.dumps(value).replace('"', "")


def source_of(study: Study) -> str | None:
    """Name the paper and the table that a study stands for; None if it stands for none."""
    if study.source is None:
        return None
    first_author, comma, _ = study.source.paper.authors.partition(",")
    return f"{first_author}{' et al.' if comma else ''}, {study.source.label}"
