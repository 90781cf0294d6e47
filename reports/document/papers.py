"""Contradictions in the printed numbers of the papers that a report is about."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from reports.lint.checks import Lint, lint
from search_spaces.printed.published import load_published
from search_spaces.study import Study


def check_papers(studies: Iterable[Study]) -> Lint | None:
    """Check the papers whose tables the studies reproduce; None if there are none."""
    data = load_published()
    tables = dict.fromkeys(table for study in studies for table in study.printed_tables)
    papers = list(dict.fromkeys(data.table(table).paper for table in tables))
    return _about(papers, lint(data)) if papers else None


def _about(papers: Sequence[str], found: Lint) -> Lint:
    """Keep the findings that name a table, a section or a claim of these papers."""
    claims = [claim.id for claim in load_published().claims if claim.paper in papers]
    names = "|".join([*(rf"{paper}[_ ]" for paper in papers), *(rf"claim {c}\b" for c in claims)])

    def concerns(where: str) -> bool:
        return re.search(rf"\b(?:{names})", where) is not None

    return Lint(
        checked=tuple(
            replace(one, findings=tuple(f for f in one.findings if concerns(f.where)))
            for one in found.checked
        ),
        unchecked=tuple(claim for claim in found.unchecked if claim.paper in papers),
        notes=tuple(note for note in found.notes if concerns(note.where)),
    )
