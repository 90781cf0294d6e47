"""All checks of printed numbers, and the function that runs them."""

from dataclasses import dataclass

from reports.lint.averages import AVERAGES
from reports.lint.baselines import BASELINES
from reports.lint.bold import BOLD
from reports.lint.claims import CLAIMS, is_computable
from reports.lint.feasibility import FEASIBILITY
from reports.lint.finding import Check, Finding
from reports.lint.gains import GAINS
from reports.lint.repeated import REPEATED
from reports.lint.ties import TIES
from search_spaces.printed.published import Inconsistency, PublishedClaim, PublishedData

CHECKS = (BOLD, TIES, AVERAGES, GAINS, CLAIMS, BASELINES, REPEATED, FEASIBILITY)


@dataclass(frozen=True)
class Checked:
    """The findings of one check, and how many things it examined."""

    check: Check
    num_examined: int
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class Lint:
    """The findings of all checks; `unchecked` are the claims that cells cannot decide."""

    checked: tuple[Checked, ...]
    unchecked: tuple[PublishedClaim, ...]
    notes: tuple[Inconsistency, ...]

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The findings of all checks, in their order."""
        return tuple(finding for one in self.checked for finding in one.findings)


def lint(data: PublishedData) -> Lint:
    """Run every check on printed numbers; add the noted faults that no check computes."""
    return Lint(
        checked=tuple(_run(check, data) for check in CHECKS),
        unchecked=tuple(claim for claim in data.claims if not is_computable(claim)),
        notes=tuple(note for note in data.inconsistencies if not note.check),
    )


def _run(check: Check, data: PublishedData) -> Checked:
    examined = list(check.examine(data))
    return Checked(check, len(examined), tuple(one for one in examined if one is not None))
