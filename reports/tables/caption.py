"""The words of a table: its caption, its notes and the footnotes of its rows."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import count, product
from string import ascii_lowercase

from corpora.source.names import SYNTHETIC_NAMES
from models.own.system import OwnSystem
from reports.ledger.record import Record
from reports.scores.cells import Cell, Outcome
from reports.scores.environment import count_facts
from reports.scores.names import name_corpus
from reports.tables.blocks import (
    DISTINCT,
    MISSING,
    NOT_COMPARED,
    TIED,
    Block,
    DifferenceBlock,
    OursBlock,
    PublishedBlock,
    Shown,
    Unit,
    lower_is_better,
)
from reports.tables.budgets import tell_budget, warn_of_budgets
from reports.tables.collapsed import Fallen, find_fallen, tell_collapsed, warn_of_collapse
from reports.tables.differences import LEVEL
from reports.tables.floors import floor_notes, mark_rows
from reports.tables.noise import tell_small_gaps
from reports.tables.note import Note, name_place
from search_spaces.metrics.metric import Metric, Need
from search_spaces.metrics.registry import find_metric
from search_spaces.metrics.withheld import describe
from search_spaces.printed.published import Mark
from search_spaces.study import RECONSTRUCTED, Row, Study

PRINTED_MARKS: dict[Mark, str] = {
    "excerpted": "the paper excerpted the published values from earlier work",
    "reproduced": "the paper's authors ran the code of the method again for the published values",
    "dai2021": "the paper quotes the published values from Dai et al. (2021)",
    "xia_reproduction": "the paper's authors reproduced the method for the published values",
}
RECONSTRUCTED_NOTE = (
    "the architecture is ours, after a description; neither code nor full text could be had"
)

_DENOMINATOR = "some emotion leaves its denominator at 0, or a probability is not a number"
WHY_UNDEFINED: dict[Need, str] = {
    "counts": _DENOMINATOR,
    "decisions": "there is no test utterance",
    "argmax": (
        "not every test utterance has exactly one of the emotions, so that none is its class; or "
        "one of the classes has no test utterance, or a probability is not a number"
    ),
    "probabilities": _DENOMINATOR,
    "numbers": (
        "labels or predictions of some target are all alike, or a prediction is not a finite number"
    ),
}
"""Why a score is undefined, by what its metric is computed from."""

NO_NUMBER = {
    MISSING: f"{MISSING}: no seed has a score yet.",
    NOT_COMPARED: (
        f"{NOT_COMPARED}: no difference is taken from or to a row of which every seed diverged or "
        "predicts the same for every test utterance."
    ),
}
"""What is said of a cell that holds one of these instead of a number."""


def write_caption(
    study: Study, outcomes: Sequence[Outcome], unit: Unit, blocks: Sequence[Block]
) -> str:
    """Write what the table shows, its corpora, scales and seeds, and what it does not reproduce."""
    conditions = "; ".join(_describe_conditions(outcomes))
    sentences = [
        name_study(study),
        f"{_whose(outcomes)}: {conditions}; {_describe_scores(blocks, unit)}.",
        *(sentence for outcome in outcomes for sentence in disclaim(outcome)),
    ]
    return " ".join(sentences)


def _whose(outcomes: Sequence[Outcome]) -> str:
    return "Given" if any(outcome.is_given for outcome in outcomes) else "Ours"


def name_study(study: Study) -> str:
    """Write the title of a study, and which table of which paper it follows."""
    source = study.source
    if source is None:
        return f"{study.title}."
    return f"{study.title}, after {source.label} of {source.paper.authors} ({source.paper.venue})."


def disclaim(outcome: Outcome) -> list[str]:
    """Say that scores on synthetic clips or of small models reproduce nothing, if they are such."""
    is_papers = outcome.corpus not in SYNTHETIC_NAMES and outcome.scale == "paper"
    if outcome.is_given or is_papers:
        return []
    return [f"Scores on {name_place(outcome)} are no reproduction of published numbers."]


def _describe_scores(blocks: Sequence[Block], unit: Unit) -> str:
    ours = [block for block in blocks if not isinstance(block, PublishedBlock)]
    is_each = any(column.emotion for block in ours for column in block.columns)
    metrics = [find_metric(column.metric) for block in ours for column in block.columns]
    if all(block.scale is None for block in ours):
        scores = "scores of each emotion and over all" if is_each else "scores"
    else:
        scores = "test scores of each emotion and" if is_each else "test scores"
        is_mean = all(metric.of_each for metric in metrics)
        things = name_things(metrics)
        scores += f" averaged over the {things}" if is_mean else f" of all {things}" * is_each
    if any(isinstance(block, DifferenceBlock) for block in blocks):
        scores = f"differences of {scores}"
    columns = {c.title: find_metric(c.metric) for block in ours for c in block.columns}
    plain = [title for title, metric in columns.items() if metric.unit == "plain"]
    if unit.name == "percent" and (len(plain) < len(columns) or not columns):
        is_difference = scores.startswith("differences")
        scores += ", in points" if is_difference else ", in percent"
        if plain:
            scores += f", but {', '.join(plain)} {'as it is' if len(plain) == 1 else 'as they are'}"
    return scores


def name_things(metrics: Iterable[Metric]) -> str:
    """Name what labels are of: emotions, classes or targets."""
    needs = {metric.needs for metric in metrics}
    return {frozenset({"numbers"}): "targets", frozenset({"argmax"}): "classes"}.get(
        frozenset(needs), "emotions"
    )


def _describe_conditions(outcomes: Sequence[Outcome]) -> list[str]:
    """Describe corpus, scale and number of seeds; corpora of equal conditions share a phrase."""
    corpora: dict[str, list[str]] = {}
    for outcome in outcomes:
        scale = "" if outcome.is_given else f" at the {outcome.scale} scale"
        conditions = f"{scale}, {_count_seeds(outcome)}"
        corpora.setdefault(conditions, []).append(name_corpus(outcome.corpus))
    return [f"{' and '.join(names)}{conditions}" for conditions, names in corpora.items()]


def _count_seeds(outcome: Outcome) -> str:
    counts = sorted({len(keys) for keys in outcome.planned.values()})
    if counts == [1]:
        return "one seed"
    if outcome.num_folds:
        seeds = count_seeds(outcome)
        folds = f"{outcome.num_finished_folds} of {outcome.num_folds} folds"
        return f"mean ± sample standard deviation over {seeds} x {folds}"
    number = str(counts[0]) if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
    things = "pairs of seed and fold" if outcome.has_folds else "seeds"
    return f"mean ± sample standard deviation over {number} {things}"


def count_seeds(outcome: Outcome) -> str:
    """Say how many seeds the rows of an outcome of ours have, whatever the number of folds."""
    num_folds = max(outcome.num_folds, 1)
    counts = sorted({len(keys) // num_folds for keys in outcome.planned.values()})
    if counts == [1]:
        return "one seed"
    return f"{counts[0]} seeds" if len(counts) == 1 else f"{counts[0]} to {counts[-1]} seeds"


def write_footnotes(
    study: Study, blocks: Sequence[Block], outcomes: Sequence[Outcome]
) -> tuple[dict[str, str], tuple[str, ...]]:
    """Explain rows: quoted values, reconstructed architectures, budgets, faulty seeds, floors.

    Returns:
        The text of each footnote by its letter, and the letters of each row.
    """
    has_published = any(isinstance(block, PublishedBlock) for block in blocks)
    ours = [block for block in blocks if isinstance(block, OursBlock)]
    floors = [
        mark_rows(block, name_place(outcome))
        for outcome, block in zip(outcomes, ours, strict=False)  # differences have no such block
    ]
    fallen = [find_fallen(study.columns_for(one.family), one) for one in outcomes]
    texts = [
        [
            *_row_notes(row, study, has_published=has_published),
            *tell_budget(row, study),
            *(
                note
                for outcome, of_outcome in zip(outcomes, fallen, strict=True)
                for note in _fault_notes(number, study, outcome, of_outcome)
            ),
            *(
                note
                for outcome in outcomes
                for note in tell_small_gaps(number, study, outcome, blocks, name_place(outcome))
            ),
            *(note for of_outcome in floors for note in of_outcome[number]),
        ]
        for number, row in enumerate(study.rows)
    ]
    different = dict.fromkeys(text for row in texts for text in row)
    letters = dict(zip(different, footnote_letters(), strict=False))
    marks = tuple(",".join(letters[text] for text in row) for row in texts)
    return {letter: text for text, letter in letters.items()}, marks


def footnote_letters() -> Iterator[str]:
    """Yield a to z, then aa, ab and so on."""
    for length in count(1):
        yield from map("".join, product(ascii_lowercase, repeat=length))


def _row_notes(row: Row, study: Study, *, has_published: bool) -> list[str]:
    marks = dict.fromkeys(study.printed.row(reference).mark for reference in row.published)
    notes = (
        [PRINTED_MARKS[mark] for mark in marks if mark in PRINTED_MARKS] if has_published else []
    )
    if row.name.endswith(RECONSTRUCTED):
        notes.append(RECONSTRUCTED_NOTE)
    return notes


def _fault_notes(number: int, study: Study, outcome: Outcome, fallen: Fallen) -> Iterable[str]:
    """Say how many seeds of a row diverged or predict a constant, and whether it is compared."""
    keys = outcome.planned[study.rows[number].name]
    records = [outcome.records[key] for key in keys if key in outcome.records]
    thing = "pair of seed and fold" if outcome.has_folds else "seed"
    things = "pairs of seed and fold" if outcome.has_folds else "seeds"
    counted = _count(len(records), thing) if len(records) == 1 else f"{len(records)} {things}"
    of_place = f"of {counted} on {name_place(outcome)}"
    yield from _tell_waived(records)
    num_diverged = sum(record.result.has_diverged for record in records)
    if num_diverged:
        yield (
            f"{num_diverged} {of_place} diverged: the loss was no longer a finite number; such a "
            f"{thing} is a result and counts"
        )
    cells = outcome.cells[number]
    whole = [cell for cell in cells if not find_metric(cell.metric).withheld]
    constant = {s.key for cell in whole for s in cell.scores if s.fault == "constant"}
    if constant:
        yield (
            f"{len(constant)} {of_place} {'predicts' if len(constant) == 1 else 'predict'} the "
            f"same for every test utterance; such a {thing} is a result and counts"
        )
    yield from tell_collapsed(number, fallen, name_place(outcome))
    yield from tell_void(cells, study, outcome)


def _tell_waived(records: Sequence[Record]) -> Iterable[str]:
    """Say which checks of its model a user's own system waives."""
    waived = {
        check
        for record in records
        if isinstance(record.trial.config.model, OwnSystem)
        for check in record.trial.config.model.waives
    }
    if waived:
        yield f"its model is not held to: {', '.join(sorted(waived))}"


def tell_void(cells: Sequence[Cell], study: Study, outcome: Outcome) -> Iterable[str]:
    """Say that a row, or some columns of it, takes no part in comparisons, if it is so."""
    columns = study.columns_for(outcome.family)
    void = {
        column.title: cell.why_void
        for column, cell in zip(columns, cells, strict=True)
        if cell.why_void
    }
    if void:
        where = name_place(outcome)
        where = where if len(void) == len(cells) else f"{where} in {', '.join(void)}"
        reason = "; ".join(dict.fromkeys(void.values()))
        yield f"not ranked, compared or judged on {where}: {reason}"


def write_notes(
    study: Study,
    blocks: Sequence[Block],
    outcomes: Sequence[Outcome],
    records: Mapping[str, Record],
) -> Iterable[Note]:
    """Explain the marks that occur, and every limit of the numbers that a reader must know."""
    ours = [block for block in blocks if isinstance(block, OursBlock)]
    differences = [block for block in blocks if isinstance(block, DifferenceBlock)]
    shown = [
        cell
        for block in blocks
        if not isinstance(block, PublishedBlock)
        for row in block.shown
        for cell in row
    ]
    yield from _tell_ranks(blocks, shown)
    if any(cell.mark == DISTINCT for cell in shown):
        yield Note(_distinct_note(differences))
    if any(isinstance(block, PublishedBlock) for block in blocks):
        yield Note("Published: values and bold type as printed.", "")
    if any(cell.count for cell in shown):
        things = "pairs of seed and fold" if any(one.has_folds for one in outcomes) else "seeds"
        yield Note(f"(n/N): n of the N planned {things} have a score; such a mean is not ranked.")
    yield from map(Note, _fold_notes(outcomes))
    for outcome in outcomes:
        if outcome.looks:
            looks = ", ".join(map(str, outcome.looks))
            yield Note(
                f"Adaptive seeds on {name_place(outcome)}: rows got more of them ({looks}) while "
                "an open claim compared them; the means of rows that stopped are biased by that."
            )
    if any(block.floors for block in ours):
        yield from floor_notes(outcomes)
    values = {cell.value for cell in shown}
    yield from (Note(note) for value, note in NO_NUMBER.items() if value in values)
    yield from map(Note, _withheld_notes(ours))
    yield from warn_of_collapse(outcomes)
    yield from warn_of_budgets(study)
    for outcome, block in zip(outcomes, ours, strict=False):
        yield from map(Note, _undefined_notes(outcome, block))
    yield from map(Note, _mixture_notes(list(records.values())))


def _tell_ranks(blocks: Sequence[Block], shown: Sequence[Shown]) -> Iterable[Note]:
    """Explain what bold, underlined and tied means of ours are, and where lower is better."""
    own = [block for block in blocks if not isinstance(block, PublishedBlock)]
    whose = "Given" if any(block.scale is None for block in own) else "Ours"
    lower = dict.fromkeys(title for block in own for title in lower_is_better(block.columns))
    best = "best" if lower else "highest"
    if lower:
        text = f"Lower is better: {', '.join(lower)}."
        yield Note(text, text.rstrip("."))
    if any(cell.rank for cell in shown):
        yield Note(
            f"{whose}: the {best} mean of a column is bold, the second {best} underlined.",
            f"bold: {best} mean of a column, underlined: second",
        )
    if any(cell.mark == TIED for cell in shown):
        yield Note(
            f"{TIED}: not told from the {best} mean of the column by a paired t-test over seeds "
            f"(two-sided {LEVEL}, Shaffer-corrected over all pairs of the column).",
            f"{TIED}: not told from it by a t-test",
        )


def _fold_notes(outcomes: Iterable[Outcome]) -> Iterable[str]:
    """Say by which test the rows of a corpus with folds are compared."""
    for outcome in outcomes:
        if outcome.has_folds:
            share = outcome.cells[0][0].test_share
            others = "all other" if outcome.num_folds else "training"
            if num_missing := outcome.num_folds - outcome.num_finished_folds:
                yield (
                    f"{_count(num_missing, 'fold')} of {outcome.num_folds} on "
                    f"{name_place(outcome)} lack trials; rows may be scored on different folds, "
                    "which differ in difficulty. Differences and tests pair equal folds."
                )
            if outcome.num_folds:
                yield (
                    f"On {name_place(outcome)} a score is the mean over seeds and folds, each fold "
                    "the test set once, with its own thresholds; the next fold validates."
                )
            yield (
                f"Tests and intervals on {name_place(outcome)} are the corrected resampled t "
                f"(Nadeau & Bengio 2003), test / {others} utterances = {share:.3g}: folds share "
                "training utterances, so their scores are no independent draws."
            )


def _distinct_note(differences: Sequence[DifferenceBlock]) -> str:
    if any("published" in block.origin for block in differences):
        return (
            f"{DISTINCT}: the published value lies outside the 95 % prediction interval of one "
            "more seed of ours; it has no spread of its own."
        )
    correction = "Holm-corrected within the column"
    if any(column.emotion for block in differences for column in block.columns):
        correction += "; of single emotions, Benjamini-Hochberg over all of a metric"
    return (
        f"{DISTINCT}: a paired t-test over seeds tells the difference from 0 (two-sided {LEVEL}, "
        f"{correction})."
    )


def _withheld_notes(blocks: Sequence[OursBlock]) -> Iterable[str]:
    """Say which columns are scores of utterances that lack modalities, and what they lack."""
    lacks = {
        column.title: describe(withheld)
        for block in blocks
        for column in block.columns
        if (withheld := find_metric(column.metric).withheld)
    }
    if lacks:
        each = "; ".join(f"{what} ({title})" for title, what in lacks.items())
        yield (
            f"Withheld from test utterances: {each}. An empty text, silence and black pictures "
            "stand in, or zeros for features of others and states of encoders. Models were trained "
            "with all; thresholds are those for whole utterances."
        )


def _undefined_notes(outcome: Outcome, block: OursBlock) -> Iterable[str]:
    for column, cells in zip(block.columns, zip(*block.cells, strict=True), strict=True):
        scored = {seed.key for cell in cells for seed in cell.scores}
        if num_undefined := len(outcome.records.keys() - scored):
            metric = find_metric(column.metric)
            why = WHY_UNDEFINED[metric.needs]
            if metric.withheld:
                why = f"its model was not kept, or its corpus was not at hand; or {why}"
            yield (
                f"{column.title} is undefined for {_count(num_undefined, 'finished trial')} on "
                f"{name_place(outcome)}: {why}."
            )


def _mixture_notes(records: Sequence[Record]) -> Iterable[str]:
    """Say which circumstances differ between the trials of a table, and in what way."""
    for fact in count_facts(records):
        if fact.is_mixed:
            mixture = ", ".join(f"{value} ({_count(n, 'trial')})" for value, n in fact.values)
            yield f"Trials differ in {fact.name}: {mixture}."


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"
