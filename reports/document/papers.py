"""Contradictions in the printed numbers of the papers that a report is about."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import chain

from reports.lint.checks import Checked, Lint, lint
from search_spaces.printed.published import PublishedData
from search_spaces.study import Study


def check_papers(studies: Iterable[Study]) -> Lint | None:
    """Check the papers whose tables the studies reproduce; None if there are none."""
    files: list[tuple[PublishedData, list[str]]] = []
    for study in studies:
        papers = next((known for data, known in files if data == study.printed), None)
        if papers is None:
            papers = []
            files.append((study.printed, papers))
        papers += [study.printed.table(name).paper for name in study.printed_tables]
    found = [_about(list(dict.fromkeys(papers)), data) for data, papers in files if papers]
    return _join(found) if found else None


def _about(papers: Sequence[str], data: PublishedData) -> Lint:
    """Keep the findings that name a table, a section or a claim of these papers."""
    found = lint(data)
    if data.file:  # the whole file is a user's own
        return found
    claims = [claim.id for claim in data.claims if claim.paper in papers]
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


def _join(found: Sequence[Lint]) -> Lint:
    """Put the findings of several files together, check by check."""
    return Lint(
        checked=tuple(
            Checked(
                same[0].check,
                sum(one.num_examined for one in same),
                tuple(chain.from_iterable(one.findings for one in same)),
            )
            for same in zip(*(one.checked for one in found), strict=True)
        ),
        unchecked=tuple(chain.from_iterable(one.unchecked for one in found)),
        notes=tuple(chain.from_iterable(one.notes for one in found)),
    )
