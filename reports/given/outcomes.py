"""Scores of a file as outcomes of a study, so that tables and verdicts are those of our own trials.

A study of given scores has rows and columns, and no baseline config: nobody can train it.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from statistics import fmean

from reports.given.errors import GivenError
from reports.given.printed import Printed
from reports.given.results import GivenScore, Place, Results
from reports.scores.cells import Cell, Outcome, SeedScore
from search_spaces.study import ANY_CORPUS, Column, Row, Study

Pair = tuple[int, str]
"""A seed and a fold."""


def make_study(results: Results, printed: Printed, baseline: str | None) -> Study:
    """Describe the rows and columns of a file.

    Args:
        results: The scores.
        printed: What is printed of them.
        baseline: The row that the others are compared with, by default the first.

    Raises:
        GivenError: If there is no such row.
    """
    columns = {
        printed.families.get(corpus, corpus): tuple(_columns_of(results, printed, corpus))
        for corpus in results.corpora
    }
    first = next(iter(columns.values()))
    return Study(
        name="".join(filter(str.isprintable, results.path.stem)),
        title="Results of others",
        baseline={},
        rows=tuple(Row(name=name, published=printed.rows.get(name, ())) for name in results.rows),
        columns={**columns, ANY_CORPUS: first},
        compared_with=results.rows[0] if baseline is None else results.find_row(baseline),
        published=printed.data,
        metrics=tuple(own for one in results.metrics if (own := one.own) is not None),
    )


def _columns_of(results: Results, printed: Printed, corpus: str) -> Iterator[Column]:
    """List the columns of a corpus: each emotion by each metric, then what is over all of them."""
    of_corpus = {
        (place.emotion, place.metric) for place in results.scores if place.corpus == corpus
    }
    emotions = dict.fromkeys(p.emotion for p in results.scores if p.emotion is not None)
    for emotion in (*emotions, None):
        for metric in results.metrics:
            has_each = any((one, metric.name) in of_corpus for one in emotions)
            if (emotion, metric.name) in of_corpus or (emotion is None and has_each):
                yield Column(
                    metric=metric.name,
                    header=metric.header,
                    published=printed.columns.get((corpus, metric.name, emotion)),
                    emotion=emotion,
                    group=emotion or ("Average" if has_each else ""),
                )


def find_test_share(results: Results, given: float | None) -> float:
    """Return the ratio of test to training utterances of a fold; 0 if there are no folds.

    Without the user's word the folds are taken to be k parts of equal size, of which each is the
    test set once: 1 / (k - 1).

    Raises:
        GivenError: If the ratio is given and there are no folds, if some scores have no fold, or if
            there is a single one.
    """
    folds = {one.fold for of_place in results.scores.values() for one in of_place}
    if folds == {""}:
        if given is not None:
            raise GivenError(
                f"{results.path}: has no folds, so that --test-share says nothing; leave it out, "
                "or name their column with --fold-column"
            )
        return 0.0
    if "" in folds:
        lines = [o.line for of_place in results.scores.values() for o in of_place if not o.fold]
        raise GivenError(f"{results.path}: line {min(lines)}: names no fold, as other lines do")
    if given is not None:
        return given
    if len(folds) == 1:
        raise GivenError(
            f"{results.path}: names a single fold; give the ratio of its test to its training "
            "utterances with --test-share, or leave the column out"
        )
    return 1 / (len(folds) - 1)


def make_outcomes(
    study: Study, results: Results, printed: Printed, test_share: float
) -> list[Outcome]:
    """Turn scores into one outcome for each corpus.

    An average over the emotions that the file does not state is the mean of its emotions, at seeds
    that have all of them.
    """
    return [
        _make_outcome(study, results, corpus, printed.families.get(corpus, corpus), test_share)
        for corpus in results.corpora
    ]


def _make_outcome(
    study: Study, results: Results, corpus: str, family: str, test_share: float
) -> Outcome:
    planned = {row: _pairs_of(results, corpus, row) for row in results.rows}
    cells = tuple(
        tuple(
            Cell(
                row=row,
                corpus=corpus,
                metric=column.metric,
                scores=tuple(
                    _scores_of(results, Place(corpus, row, column.metric, column.emotion))
                ),
                num_planned=len(planned[row]),
                emotion=column.emotion,
                test_share=test_share,
            )
            for column in study.columns_for(family)
        )
        for row in results.rows
    )
    return Outcome(
        corpus=corpus,
        family=family,
        scale=None,
        planned={row: tuple(map(_name_pair, pairs)) for row, pairs in planned.items()},
        records={},
        cells=cells,
    )


def _pairs_of(results: Results, corpus: str, row: str) -> list[Pair]:
    """List the seeds and folds of a row, in their order; those without a score too."""
    found = {
        (one.seed, one.fold)
        for place, of_place in results.scores.items()
        if (place.corpus, place.row) == (corpus, row)
        for one in of_place
    }
    return sorted(found)


def _name_pair(pair: Pair) -> str:
    seed, fold = pair
    return f"seed {seed}, fold {fold}" if fold else f"seed {seed}"


def _scores_of(results: Results, place: Place) -> Iterator[SeedScore]:
    stated = results.scores.get(place)
    if stated is None and place.emotion is None:
        yield from _average(results, place)
        return
    for one in sorted(stated or (), key=lambda one: (one.seed, one.fold)):
        if one.value is not None:
            yield SeedScore(f"line {one.line}", one.seed, one.value, fold=one.fold)


def _average(results: Results, place: Place) -> Iterator[SeedScore]:
    """Average over the emotions at each seed that has them all."""
    by_pair: dict[Pair, list[GivenScore]] = defaultdict(list)
    of_corpus = [p for p in results.scores if (p.corpus, p.metric) == (place.corpus, place.metric)]
    for one in of_corpus:
        if one.row == place.row:
            for score in results.scores[one]:
                by_pair[score.seed, score.fold].append(score)
    num_emotions = len({one.emotion for one in of_corpus})
    for (seed, fold), scores in sorted(by_pair.items()):
        values = [one.value for one in scores if one.value is not None]
        if len(values) == num_emotions:
            lines = ", ".join(str(one.line) for one in scores)
            yield SeedScore(f"lines {lines}", seed, fmean(values), fold=fold)


def tell_seeds(outcomes: Sequence[Outcome], baseline: str) -> Iterator[str]:
    """Say where rows have other seeds than most, and what that does to pairs."""
    for outcome in outcomes:
        by_seeds: Mapping[tuple[str, ...], list[str]] = defaultdict(list)
        for row, seeds in outcome.planned.items():
            if seeds:
                by_seeds[seeds].append(row)
        place = f" on {outcome.corpus}" if len(outcomes) > 1 else ""
        if absent := [f"'{row}'" for row, seeds in outcome.planned.items() if not seeds]:
            yield f"Rows without scores{place}: {', '.join(absent)}."
        if len(by_seeds) < 2:
            continue
        most = max(by_seeds, key=lambda seeds: len(by_seeds[seeds]))
        others = [row for seeds, rows in by_seeds.items() if seeds != most for row in rows]
        paired = [len(set(outcome.planned[row]) & set(outcome.planned[baseline])) for row in others]
        things = "pairs of seed and fold" if outcome.has_folds else "seeds"
        told = ", ".join(
            f"'{row}' {len(outcome.planned[row])} ({num} in common with '{baseline}')"
            if row != baseline
            else f"'{row}' {len(outcome.planned[row])}"
            for row, num in zip(others, paired, strict=True)
        )
        yield (
            f"Rows have different {things}{place}: most have {len(most)}, {told}. Two rows are "
            f"paired at the {things} that both have; what only one has counts for its mean alone."
        )
