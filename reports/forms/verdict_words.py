"""The meanings of the verdicts, and how many claims got each verdict."""

from collections import Counter
from collections.abc import Iterable, Sequence

from reports.statistics.effects import REFERENCE
from reports.statistics.power import MOST_SEEDS
from reports.statistics.verdicts import FEWEST_SEEDS
from reports.verdicts.judgement import LEVEL, Judged, Word
from search_spaces.claim import NO_STATED_GAP

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


def count_words(judged: Iterable[Judged]) -> dict[Word, int]:
    """Count the verdicts that occur, in the order of `MEANINGS`."""
    counts = Counter(one.verdict for one in judged)
    return {word: counts[word] for word in MEANINGS if word in counts}


def summarise(judged: Sequence[Judged]) -> str:
    """Say in one line how many claims got each verdict."""
    words = ", ".join(f"{number} {word}" for word, number in count_words(judged).items())
    return f"{count_claims(len(judged))}: {words or 'none'}."


def explain(judged: Iterable[Judged]) -> dict[Word, str]:
    """Explain each verdict that occurs, on this split or beyond it."""
    words = {word for one in judged for word in (one.verdict, one.beyond)}
    return {word: meaning for word, meaning in MEANINGS.items() if word in words}


def count_claims(number: int) -> str:
    """Name a number of claims."""
    return "1 claim" if number == 1 else f"{number} claims"


def show_margin(judged: Judged) -> str:
    """Print the margin in points; a claim without comparisons has none."""
    return f"{100 * judged.claim.margin:.2f}" if judged.claim.parts else ""


def show_evidence(judged: Judged) -> str:
    """Give the reason for a verdict, the margin, and how many seeds would probably decide it."""
    words = [judged.reason]
    if judged.verdict != "UNTESTABLE" and judged.claim.parts:
        words.append(f"margin {show_margin(judged)}")
    if judged.projected_seeds is not None:
        words.append(f"about {judged.projected_seeds} seeds would decide")
    elif judged.verdict == "UNDECIDED":
        words.append(f"{MOST_SEEDS} seeds would probably not decide")
    return "; ".join(words)
