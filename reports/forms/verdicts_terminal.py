"""Verdicts in the terminal, each in a sentence, and briefly why other claims are untestable."""

from collections.abc import Sequence

from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from reports.forms.verdict_words import (
    TONES,
    asked,
    count_claims,
    count_in_brief,
    is_elsewhere,
    stated,
    tell_elsewhere,
    tell_in_brief,
)
from reports.verdicts.judgement import Judged

MOST_REASONS = 2
"""So many reasons are told in full; the files of the verdicts have them all."""

STYLES = {"good": "green", "open": "yellow", "bad": "red"}


class VerdictsView:
    """Verdicts for rich: `console.print(VerdictsView(judged))`."""

    def __init__(self, judged: Sequence[Judged]) -> None:
        self.judged = judged

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Write a sentence for each tested claim, why others were not, then the questions."""
        claims = stated(self.judged)
        tested = [one for one in claims if one.verdict != "UNTESTABLE"]
        if tested:
            yield Text(f"Verdicts on {count_claims(len(tested))}: {count_in_brief(tested)}")
        for one in tested:
            yield Text.assemble(
                _word(one), f": {one.claim.text}, {tell_in_brief(one)} [{one.claim.id}]"
            )
        untested = [one for one in claims if one.verdict == "UNTESTABLE" and not is_elsewhere(one)]
        if untested:
            yield _tell_reasons(untested)
        yield from map(Text, tell_elsewhere(claims))
        for group in asked(self.judged):
            yield Text(f"{group.heading}: {count_in_brief(group.judged)}")
            unanswered = [one for one in group.judged if one.verdict == "UNTESTABLE"]
            if unanswered:
                yield Text(f"UNTESTABLE, for instance: {unanswered[0].reason}.")
            for question, one in zip(group.questions, group.judged, strict=True):
                if one not in unanswered:
                    yield Text.assemble(f"{question} ", _word(one), f", {tell_in_brief(one)}")


def _word(judged: Judged) -> Text:
    return Text(judged.verdict, style=STYLES.get(TONES.get(judged.verdict, ""), ""))


def _tell_reasons(judged: Sequence[Judged]) -> Text:
    """Write the first reasons, each once: if seeds are missing, every pair of rows is one."""
    reasons = list(dict.fromkeys(part for one in judged for part in one.reason.split("; ")))
    text = "; ".join(reasons[:MOST_REASONS])
    if len(reasons) > MOST_REASONS:
        text += f"; and {len(reasons) - MOST_REASONS} more"
    return Text(f"{count_claims(len(judged))} UNTESTABLE here: {text}.")
