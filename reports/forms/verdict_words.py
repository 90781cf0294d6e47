"""The words of verdicts: their meanings, their numbers, and each in a sentence."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from reports.scores.names import name_corpus
from reports.scores.redrawn import is_redrawn
from reports.statistics.effects import REFERENCE
from reports.statistics.power import MOST_SEEDS
from reports.statistics.verdicts import FEWEST_SEEDS
from reports.verdicts.here import AskedHere, enumerate_words
from reports.verdicts.judgement import LEVEL, Judged, Word
from search_spaces.claim import NO_STATED_GAP
from search_spaces.metrics.metric import Metric
from search_spaces.metrics.registry import find_metric

MEANINGS: dict[Word, str] = {
    "HOLDS": "the gap is above 0, and nothing shows that it is below the margin",
    "HOLDS-WEAKER": "the gap is above 0, but below the margin",
    "EQUIVALENT": "every gap lies within the margin on both sides of 0: no difference that counts",
    "FAILS": (
        "the gap is below the margin, and nothing shows that it is above 0; of rows claimed to be "
        "the same: it is larger than the margin"
    ),
    "REVERSED": "the gap is below 0: the other way round",
    "UNDECIDED": "the seeds show neither that the gap is above 0 nor that it is below the margin",
    "COMPATIBLE": "the printed value lies in the 95 % prediction interval of one more seed",
    "INCOMPATIBLE": "the printed value lies outside the 95 % prediction interval of one more seed",
    "REPORTED": "a cost, which is told and not judged",
    "UNTESTABLE": (
        f"fewer than {FEWEST_SEEDS} common seeds, no such trials, a row of which every seed "
        "diverged or predicts the same, or nothing that trials can decide"
    ),
}
"""The meaning of each verdict, in the order in which reports list them."""

TONES: dict[Word, str] = {
    "HOLDS": "good",
    "COMPATIBLE": "good",
    "HOLDS-WEAKER": "open",
    "UNDECIDED": "open",
    "FAILS": "bad",
    "REVERSED": "bad",
    "INCOMPATIBLE": "bad",
    "UNTESTABLE": "untested",
}
"""The tone by which a form may colour a verdict; its word is always printed too."""

WITH_MARGIN: tuple[Word, ...] = ("HOLDS-WEAKER", "EQUIVALENT", "FAILS")
"""The verdicts that nobody understands without the margin."""

METHOD = (
    "A claim is about gaps between rows, paired by seed, in points; where it is about several, it "
    "needs them all unless it is read otherwise. Its margin was fixed beforehand: half the "
    f"published gap, {100 * NO_STATED_GAP:.2f} where none is stated, or what the study says. "
    f"Tests are Student's t, one-sided at {LEVEL}, Holm-corrected over the claims of one table, or "
    "by Shaffer's procedure where they are one on each pair of rows. "
    "A verdict on this split takes the test set as it is; one beyond it also varies the dialogues "
    "or videos in it. "
    "Brackets hold the t interval, d_z is the gap in standard deviations of its seeds, and "
    "P(better) the share of seeds at which the row scores higher, a tie counting half, with its "
    f"exact interval; a difference is often said to matter from {REFERENCE:g} on, which decides "
    "nothing here. With adaptive seeds the cutoffs and intervals hold over all looks together."
)

ABOUT_ASKED = (
    "This is what the papers' claims compare. The verdicts say whether it holds on this corpus, "
    f"and nothing about a paper. The margin is {100 * NO_STATED_GAP:.2f} points, or 0 where the "
    "question allows a gap. The tests are corrected over these questions alone."
)


def count_words(judged: Iterable[Judged]) -> dict[Word, int]:
    """Count the verdicts that occur, in the order of `MEANINGS`."""
    return _count(one.verdict for one in judged)


def _count(words: Iterable[Word]) -> dict[Word, int]:
    counts = Counter(words)
    return {word: counts[word] for word in MEANINGS if word in counts}


class Asked(NamedTuple):
    """The questions to one corpus at one scale, and their verdicts."""

    corpus: str
    judged: list[Judged]
    questions: list[str]

    @property
    def heading(self) -> str:
        """Say whose verdicts these are not."""
        return f"On {self.corpus}, {self.judged[0].claim.scale} scale (no paper claims it)"


def stated(judged: Iterable[Judged]) -> list[Judged]:
    """List the claims that a study states."""
    return [one for one in judged if not isinstance(one.claim, AskedHere)]


def asked(judged: Iterable[Judged]) -> list[Asked]:
    """List what was asked of each corpus besides (`reports.verdicts.here`)."""
    groups: dict[str, Asked] = {}
    for one in judged:
        if isinstance(one.claim, AskedHere):
            group = groups.setdefault(one.claim.family, Asked(one.claim.corpus, [], []))
            group.judged.append(one)
            group.questions.append(one.claim.question)
    return list(groups.values())


def is_elsewhere(judged: Judged) -> bool:
    """Whether a claim is UNTESTABLE because it is about a corpus or scale without trials."""
    return judged.verdict == "UNTESTABLE" and bool(judged.absent)


def tell_elsewhere(judged: Sequence[Judged]) -> list[str]:
    """Say in a line how many claims of the papers, and how many others, are about other corpora."""
    elsewhere = [one for one in judged if is_elsewhere(one)]
    lines = []
    for whose, group in (
        (" of papers", [one for one in elsewhere if one.claim.is_of_paper]),
        ("", [one for one in elsewhere if not one.claim.is_of_paper]),
    ):
        if group:
            corpora = dict.fromkeys(name_corpus(name) for one in group for name in one.absent)
            scales = {one.claim.scale for one in group}
            (scale,) = scales if len(scales) == 1 else (None,)
            lines.append(
                f"UNTESTABLE here: {count_claims(len(group))}{whose} about "
                f"{enumerate_words(corpora)}{f', {scale} scale' if scale else ''}."
            )
    return lines


def group_verdicts(judged: Sequence[Judged]) -> list[tuple[str, list[Judged]]]:
    """Divide verdicts into tables, each with a heading: claims, those elsewhere, questions.

    Claims that are elsewhere are told in their heading alone.
    """
    claims = stated(judged)
    return [
        ("", [one for one in claims if not is_elsewhere(one)]),
        *((line, []) for line in tell_elsewhere(claims)),
        *((f"{group.heading}. {ABOUT_ASKED}", group.judged) for group in asked(judged)),
    ]


def summarise(judged: Sequence[Judged]) -> str:
    """Say in one line how many claims got each verdict, and how many questions."""
    claims = stated(judged)
    parts = [f"{count_claims(len(claims))}: {list_words(claims)}."]
    parts += [f"{group.heading}: {list_words(group.judged)}." for group in asked(judged)]
    return " ".join(parts)


def list_words(judged: Iterable[Judged]) -> str:
    """Count verdicts, as in `2 HOLDS, 1 UNDECIDED`."""
    return _list(one.verdict for one in judged)


def _list(words: Iterable[Word]) -> str:
    return ", ".join(f"{number} {word}" for word, number in _count(words).items()) or "none"


def explain(judged: Iterable[Judged]) -> dict[Word, str]:
    """Explain each verdict that occurs, on this split or beyond it."""
    words = {word for one in judged for word in (one.verdict, one.beyond)}
    return {word: meaning for word, meaning in MEANINGS.items() if word in words}


def count_claims(number: int) -> str:
    """Name a number of claims."""
    return "1 claim" if number == 1 else f"{number} claims"


def metric_of(judged: Judged) -> Metric | None:
    """Return the first metric by which a claim compares; None if it compares nothing."""
    compared = judged.claim.comparisons
    return find_metric(compared[0].score.metric) if compared else None


def show_margin(judged: Judged) -> str:
    """Print the margin in points, or as it is; a claim without comparisons has none."""
    metric = metric_of(judged)
    return "" if metric is None else metric.show(judged.claim.margin, 2)


def show_evidence(judged: Judged) -> str:
    """Give the reason for a verdict, the margin, and how many seeds would probably decide it."""
    words = [judged.reason]
    if judged.verdict != "UNTESTABLE" and judged.claim.parts:
        words.append(f"margin {show_margin(judged)}")
        words += _why_not_beyond(judged)
    if judged.projected_seeds is not None:
        words.append(f"about {judged.projected_seeds} seeds would decide")
    elif judged.verdict == "UNDECIDED" and not judged.has_folds:
        words.append(f"{MOST_SEEDS} seeds would probably not decide")
    return "; ".join(words)


def _why_not_beyond(judged: Judged) -> list[str]:
    """Say that there is no verdict beyond this split because scores by a metric are not redrawn."""
    names = {one.metric.name: one.metric for one in judged.compared}
    still = [name for name, metric in names.items() if not is_redrawn(metric)]
    if judged.beyond is not None or not still:
        return []
    return [f"none beyond this split: {', '.join(still)} is not computed on redrawn test sets"]


def tell_method(judged: Iterable[Judged]) -> str:
    """Explain how claims are judged, and what differs for some metrics if they occur."""
    metrics = [metric for one in judged if (metric := metric_of(one))]
    sentences = [METHOD]
    if any(metric.unit == "plain" for metric in metrics):
        sentences.append("Gaps and margins by a metric that is no fraction are in its own unit.")
    if any(metric.sign < 0 for metric in metrics):
        sentences.append(
            "Where lower is better, a gap is above 0 if the row scores lower, and that is better."
        )
    return " ".join(sentences)


def count_in_brief(judged: Sequence[Judged]) -> str:
    """Count verdicts in a sentence, those beyond this split if they differ, and missing seeds."""
    text = list_words(judged)
    if any(one.beyond not in (None, one.verdict) for one in judged):
        text += f"; beyond this split {_list(one.beyond for one in judged if one.beyond)}"
    undecided = [one for one in judged if one.verdict == "UNDECIDED" and not one.has_folds]
    projected = [one.projected_seeds for one in undecided]
    if None in projected:
        text += f"; {MOST_SEEDS} seeds would probably not decide all"
    elif projected:
        text += f"; about {max(number or 0 for number in projected)} seeds would decide"
    return f"{text}."


def tell_in_brief(judged: Judged) -> str:
    """Say what follows a verdict in a sentence: the gap, and what it needs to be understood."""
    words = [judged.brief or judged.reason]
    if judged.verdict in WITH_MARGIN:
        words.append(f"margin {show_margin(judged)}")
    return ", ".join(words)
