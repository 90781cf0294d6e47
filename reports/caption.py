"""What a table says in words: its caption and its notes."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from reports.blocks import MISSING, SYNTHETIC, OursBlock, PublishedBlock, Unit, corpus_title
from reports.cells import Outcome
from reports.record import Circumstances, Record
from search_spaces.study import RECONSTRUCTED, Study


def write_caption(study: Study, outcomes: Sequence[Outcome], unit: Unit) -> str:
    """Say what is shown, of which corpus, scale and seeds, and what it does not reproduce."""
    source = study.source
    origin = ""
    if source is not None:
        origin = f", after {source.label} of {source.paper.authors} ({source.paper.venue})"
    conditions = [f"{_place(outcome)}, {_count_seeds(outcome)}" for outcome in outcomes]
    scores = "test scores averaged over the emotions"
    if unit.name == "percent":
        scores += ", in percent"
    sentences = [
        f"{study.title}{origin}.",
        f"Ours: {'; '.join(conditions)}; {scores}.",
        *(
            f"Scores on {_place(outcome)} are no reproduction of published numbers."
            for outcome in outcomes
            if outcome.corpus == SYNTHETIC or outcome.scale == "tiny"
        ),
    ]
    return " ".join(sentences)


def _place(outcome: Outcome) -> str:
    title = "the synthetic corpus" if outcome.corpus == SYNTHETIC else corpus_title(outcome.corpus)
    return f"{title} at the {outcome.scale} scale"


def _count_seeds(outcome: Outcome) -> str:
    counts = sorted({len(keys) for keys in outcome.planned.values()})
    if counts == [1]:
        return "one seed"
    number = str(counts[0]) if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
    return f"mean ± sample standard deviation over {number} seeds"


def write_notes(
    ours: Sequence[OursBlock],
    published: Sequence[PublishedBlock],
    outcomes: Sequence[Outcome],
    records: Mapping[str, Record],
) -> Iterable[str]:
    """Explain the marks that occur, and everything that makes the numbers less than they seem."""
    shown = [cell for block in ours for row in block.shown for cell in row]
    if any(cell.rank for cell in shown):
        yield (
            "Ours: the highest mean of a column is bold, the second highest underlined; whether "
            "they differ is not tested here."
        )
    if published:
        yield "Published: values and bold type as printed."
    if any(cell.count for cell in shown):
        yield "(n/N): n of the N planned seeds have a score; such a mean is not ranked."
    if any(cell.value == MISSING for cell in shown):
        yield f"{MISSING}: no seed has a score yet."
    for outcome, block in zip(outcomes, ours, strict=True):
        yield from _undefined_notes(outcome, block)
    if any(record.trial.config.model.reconstructed for record in records.values()):
        yield (
            f"{RECONSTRUCTED}: the architecture is ours, after a description; neither code nor "
            "full text could be had."
        )
    yield from _mixture_notes([record.circumstances for record in records.values()])


def _undefined_notes(outcome: Outcome, block: OursBlock) -> Iterable[str]:
    for column, cells in zip(block.columns, zip(*block.cells, strict=True), strict=True):
        scored = {seed.key for cell in cells for seed in cell.scores}
        if num_undefined := len(outcome.records.keys() - scored):
            yield (
                f"{column.header} is undefined for {_count(num_undefined, 'finished trial')} on "
                f"{_place(outcome)}: some emotion leaves its denominator at 0."
            )


def _mixture_notes(circumstances: Sequence[Circumstances]) -> Iterable[str]:
    """Say which circumstances differ between the trials of a table, and how."""
    libraries = sorted({name for c in circumstances for name in c.libraries})
    facts: dict[str, list[str]] = {
        "code version": [c.code_version for c in circumstances],
        "device": [c.device for c in circumstances],
        "precision": [c.precision for c in circumstances],
        "number of threads": [str(c.num_threads) for c in circumstances],
        **{name: [c.libraries.get(name, "absent") for c in circumstances] for name in libraries},
    }
    for fact, values in facts.items():
        counts = sorted(Counter(values).items())
        if len(counts) > 1:
            mixture = ", ".join(f"{value} ({_count(n, 'trial')})" for value, n in counts)
            yield f"Trials differ in {fact}: {mixture}."


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"
