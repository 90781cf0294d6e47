"""Verdicts in the terminal: the tested claims, and briefly why the others are untestable."""

from collections.abc import Iterable, Sequence

from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table
from rich.text import Text

from reports.forms.verdict_words import (
    TONES,
    count_claims,
    explain,
    show_evidence,
    summarise,
)
from reports.verdicts.judgement import Judged, Word

STYLES = {"good": "green", "open": "yellow", "bad": "red"}


class VerdictsView:
    """Verdicts for rich: `console.print(VerdictsView(judged))`."""

    def __init__(self, judged: Sequence[Judged]) -> None:
        self.judged = judged

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Write a line for each tested claim, then the reasons why the others were not tested."""
        tested = [one for one in self.judged if one.verdict != "UNTESTABLE"]
        untested = [one for one in self.judged if one.verdict == "UNTESTABLE"]
        if tested:
            yield Text(f"Verdicts on {summarise(self.judged)}")
            yield _draw(tested)
        if untested:
            yield _tell_reasons(untested)
        for word, meaning in explain(tested).items():
            yield Text(f"{word}: {meaning}", style="dim")


def _draw(judged: Iterable[Judged]) -> Table:
    grid = Table(box=None, header_style="dim", padding=(0, 2, 0, 0), pad_edge=False)
    grid.add_column("claim", ratio=1, min_width=20)
    grid.add_column("on this split", no_wrap=True)
    grid.add_column("beyond", no_wrap=True)
    grid.add_column("what it rests on", ratio=1, min_width=20)
    for one in judged:
        grid.add_row(
            Text(f"{one.claim.id}  {one.claim.text}"),
            _word(one.verdict),
            _word(one.beyond),
            Text(show_evidence(one)),
        )
    return grid


def _word(word: Word | None) -> Text:
    return Text(word, style=STYLES.get(TONES.get(word, ""), "")) if word else Text()


def _tell_reasons(judged: Sequence[Judged]) -> Text:
    """Write each reason once: whole corpora are missing far more often than single claims."""
    parts = (part for one in judged for part in one.reason.split("; "))
    reasons = "; ".join(dict.fromkeys(parts))
    return Text(f"{count_claims(len(judged))} UNTESTABLE here: {reasons}.")
