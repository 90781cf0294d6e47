"""Shows the folds of a corpus: how large each is, and what is in several of them."""

from collections import Counter
from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.text import Text

from corpora.store.folds import Folds

MAX_TOLD = 10


def folds_view(folds: Folds) -> RenderableType:
    """Show the folds in a few lines."""
    sizes = Counter(folds.assigned.values())
    told = [f"{name} {sizes[number]}" for number, name in enumerate(folds.names, start=1)]
    if len(told) > MAX_TOLD:
        least, most = min(sizes.values()), max(sizes.values())
        told = [f"from {least} to {most} each"]
    text = (
        f"{folds.in_words} of {len(folds.assigned)} utterances: {', '.join(told)}. Each is the "
        "test split once, the next one validates, the others train; the splits of the files do "
        "not count."
    )
    return Group(Text(text), *(Text(line, style="bold red") for line in fold_cautions(folds)))


def fold_cautions(folds: Folds) -> Iterator[str]:
    """Say what is in several folds: a model may have learnt it instead of emotions."""
    for number, thing in ((folds.num_cut_speakers, "speaker"), (folds.num_cut_groups, "dialogue")):
        if number:
            things = f"1 {thing} is" if number == 1 else f"{number} {thing}s are"
            yield f"LEAK: {things} in several folds"
