"""Findings as text for the terminal and as JSON."""

from collections.abc import Iterable

from pydantic import JsonValue
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from reports.lint.checks import Checked, Lint


def lint_view(found: Lint) -> RenderableType:
    """Show findings by check, then the notes, then how many findings there are."""
    parts = [part for checked in found.checked for part in _check_view(checked)]
    if found.notes:
        parts += [
            _header("Notes (not computed)"),
            *_entries((f"{n.id}, {n.where}", n.text) for n in found.notes),
        ]
    if found.unchecked:
        claims = ", ".join(f"{claim.id} ({claim.kind})" for claim in found.unchecked)
        parts += [Text(f"\nClaims that cells cannot decide: {claims}")]
    return Group(*parts, Text(f"\n{_summary(found)}", style="bold"))


def to_json(found: Lint) -> dict[str, JsonValue]:
    """Turn findings into JSON."""
    return {
        "num_findings": len(found.findings),
        "checks": [
            {
                "check": checked.check.name,
                "wrong": checked.check.wrong,
                "things": checked.check.things,
                "num_examined": checked.num_examined,
                "findings": [{"where": f.where, "text": f.text} for f in checked.findings],
            }
            for checked in found.checked
        ],
        "notes": [{"id": n.id, "where": n.where, "text": n.text} for n in found.notes],
        "unchecked_claims": [claim.id for claim in found.unchecked],
    }


def _check_view(checked: Checked) -> list[RenderableType]:
    check, num = checked.check, len(checked.findings)
    header = f"{check.name}: {check.wrong}; {num} of {checked.num_examined} {check.things}"
    return [_header(header), *_entries((f.where, f.text) for f in checked.findings)]


def _header(text: str) -> Text:
    return Text(f"\n{text}", style="bold")


def _entries(entries: Iterable[tuple[str, str]]) -> list[RenderableType]:
    """Lay out each entry: one line for the place, and below it what is wrong."""
    return [
        part
        for where, text in entries
        for part in (Text(f"  {where}"), Padding(Text(text), (0, 0, 0, 6), expand=False))
    ]


def _summary(found: Lint) -> str:
    counts = [f"{one.check.name} {len(one.findings)}" for one in found.checked if one.findings]
    num = len(found.findings)
    return f"{num} finding{'' if num == 1 else 's'}" + (f": {', '.join(counts)}" if counts else "")
