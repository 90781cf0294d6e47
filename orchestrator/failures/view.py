"""Shows failed trials by cause, with what to do."""

from collections.abc import Iterable, Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from orchestrator.failures.cause import MEANINGS, RETRY, Cause
from orchestrator.failures.failure import FailedTrial

MAX_SHOWN = 8
"""So many trials of a cause are named; the others are counted."""


def by_cause(failed: Iterable[FailedTrial]) -> dict[Cause, list[FailedTrial]]:
    """Group failed trials, in the order of the causes."""
    every = list(failed)
    groups = {cause: [one for one in every if one.failure.cause == cause] for cause in MEANINGS}
    return {cause: group for cause, group in groups.items() if group}


def failures_view(failed: Sequence[FailedTrial]) -> RenderableType:
    """Show the trials that failed for each cause, and what helps."""
    lines: list[RenderableType] = []
    for cause, group in by_cause(failed).items():
        meaning = MEANINGS[cause]
        lines.append(Text(f"{len(group)} failed: {meaning.title}", style="red"))
        for one in group[:MAX_SHOWN]:
            lines.append(_indented(f"{one.name}: {one.failure.summary}"))
        if more := len(group) - MAX_SHOWN:
            lines += [_indented(f"and {more} more")] * (more > 0)
        lines.append(_indented(f"What helps: {meaning.cure}."))
    lines.append(
        Text(f"`mmer-sweep show {failed[0].name}` shows its traceback and its log. {RETRY}")
    )
    return Group(*lines)


def _indented(text: str) -> Text:
    return Text(f"  {text}")
