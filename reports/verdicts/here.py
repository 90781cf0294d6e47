"""What claims of papers compare, asked of a corpus that these claims are not about.

A verdict on such a question says nothing about a paper: it has another corpus, and mostly other
sizes. It answers whether the same change pays here.
"""

from collections.abc import Iterable, Iterator, Sequence

from reports.scores.cells import Outcome
from reports.scores.names import name_corpus
from search_spaces.claim import NO_STATED_GAP, Claim, Comparison, Score
from search_spaces.metrics.registry import find_metric
from search_spaces.paper_claims import claims_of
from search_spaces.study import Study
from search_spaces.terms import Words

MOST_NAMED = 3
"""So many rivals of a row are named in a question; more are counted."""


class AskedHere(Claim):
    """A question: `asked_by` holds the ids of the papers' claims, `corpus` is the one asked of.

    The text of the claim is the question with the corpus.
    """

    question: Words
    corpus: str
    asked_by: tuple[str, ...]


def ask_here(study: Study, outcomes: Iterable[Outcome]) -> tuple[AskedHere, ...]:
    """Ask of each corpus what the papers' claims of a study compare.

    Nothing is asked of a corpus that any claim of the study is about: that of a paper, or one about
    which the study states claims of its own. Claims that make the same comparisons ask one
    question, by one metric (`Study.main_column`) averaged over the emotions, because equal
    questions would cost each other power. Its margin is half a point: the gap that a paper prints
    says nothing about another corpus.

    Not asked is what makes no sense on one other corpus: claims about single emotions, about a
    number of cells, about a value or a cost, and those that say one thing of one corpus and the
    contrary of another.
    """
    return tuple(question for outcome in outcomes for question in _ask(study, outcome))


def _ask(study: Study, outcome: Outcome) -> Iterator[AskedHere]:
    claims = claims_of(study)
    names = {outcome.corpus, outcome.family}
    if any(names.intersection(claim.corpora) for claim in claims):
        return
    column = study.main_column(outcome.family)
    score = Score(outcome.corpus, column.metric)
    asked_by: dict[frozenset[Comparison], list[Claim]] = {}
    for claim in claims:
        if claim.is_of_paper and _can_be_asked(claim):
            compared = frozenset(_move(one, score) for one in claim.comparisons)
            if not any(_mirror(one) in compared and not one.allowance for one in compared):
                asked_by.setdefault(compared, []).append(claim)
    place = f"{name_corpus(outcome.corpus)}, {outcome.scale} scale"
    for first, *others in asked_by.values():
        comparisons = dict.fromkeys(_move(one, score) for one in first.comparisons)
        has_allowance = any(one.allowance for one in comparisons)
        question = f"{_describe(list(comparisons), len(study.rows))} in {column.header}?"
        yield AskedHere(
            id=f"{first.id} here",
            text=f"on {outcome.corpus}: {question}",
            question=question,
            kind="greater" if find_metric(column.metric).sign > 0 else "better",
            family=f"asked of {place}",
            parts=tuple((one,) for one in comparisons),
            margin=0.0 if has_allowance else NO_STATED_GAP,
            scale=outcome.scale,
            note=f"What {enumerate_words([first.id, *(one.id for one in others)])} compare"
            f"{'' if others else 's'}.",
            corpus=outcome.corpus,
            asked_by=(first.id, *(one.id for one in others)),
        )


def _can_be_asked(claim: Claim) -> bool:
    return (
        bool(claim.parts)
        and not claim.untestable
        and claim.at_least is None
        and all(one.score.emotion is None for one in claim.comparisons)
    )


def _move(comparison: Comparison, score: Score) -> Comparison:
    return comparison.model_copy(update={"score": score})


def _mirror(comparison: Comparison) -> Comparison:
    return comparison.model_copy(update={"row": comparison.rival, "rival": comparison.row})


def _describe(comparisons: Sequence[Comparison], num_rows: int) -> str:
    """Say what is compared, as in `'a' beats 'b' and 'c'`."""
    clauses: dict[tuple[str, str], list[str]] = {}
    for number, one in enumerate(comparisons):
        mirror = _mirror(one)
        if mirror in comparisons[:number]:
            continue
        metric = find_metric(one.score.metric)
        points = f"{metric.show(one.allowance, 1)}{metric.points}"
        verb = "beats"
        if mirror in comparisons:
            verb = f"is within {points} of"
        elif one.allowance:
            verb = f"is less than {points} {'above' if metric.sign < 0 else 'below'}"
        clauses.setdefault((one.row, verb), []).append(one.rival)
    return enumerate_words(
        f"'{row}' {verb} {_name_rivals(rivals, num_rows)}"
        for (row, verb), rivals in clauses.items()
    )


def _name_rivals(rivals: Sequence[str], num_rows: int) -> str:
    if 1 < len(rivals) == num_rows - 1:
        return "all others"
    if len(rivals) > MOST_NAMED:
        return f"{len(rivals)} other rows"
    return enumerate_words(f"'{rival}'" for rival in rivals)


def enumerate_words(parts: Iterable[str]) -> str:
    """Write at least one text as an enumeration: `a, b and c`."""
    *before, last = parts
    return f"{', '.join(before)} and {last}" if before else last
