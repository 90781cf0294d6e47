"""The view of a prepared corpus: it shows at a glance whether the preparation went right."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, repeat

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from corpora.recipes.pictures import Recipe
from corpora.source.rejects import Remark
from corpora.store.manifest import Manifest
from corpora.store.remarked import REMARKS_ON
from reports.corpus.cautions import cautions, group_word
from reports.corpus.counts import compare_counts
from reports.corpus.target_rows import target_rows

MAX_REJECTS = 20
PICTURE_PARTS, FEATURE_PARTS = ("windows", "sound chunks"), ("face rows", "sound rows")
"""The rows that a recipe makes of pictures and of sound."""

GOOD, BAD, QUIET = "green", "bold red", "dim"


def corpus_view(manifests: Sequence[Manifest], *, has_folds: bool = False) -> RenderableType:
    """Show a corpus by each recipe; facts that several recipes share are shown once.

    If it has folds, what the splits of its files share does not count, and is left out.
    """
    groups = [list(alike) for _, alike in groupby(manifests, key=_common)]
    views = [part for alike in groups for part in (_group_view(alike, has_folds=has_folds), Text())]
    return Group(*views[:-1])


def _common(manifest: Manifest) -> tuple[object, ...]:
    """Return the facts that are shown once for all manifests that agree on them."""
    sizes = {
        split: (counts.num_utterances, counts.seconds, counts.positives, counts.targets)
        for split, counts in manifest.splits.items()
    }
    return manifest.name, manifest.kind, sizes, manifest.shared, manifest.rejects, manifest.left_out


def _group_view(manifests: Sequence[Manifest], *, has_folds: bool) -> RenderableType:
    first, *more = manifests
    recipes = ", ".join(f"'{manifest.recipe.name}'" for manifest in manifests)
    task = "" if first.task == "multilabel" else f", {first.task}"
    title = f"corpus '{first.name}' ({first.kind}{task}), recipe{'s' if more else ''} {recipes}"
    return Group(
        Text(title, style="bold"),
        _contents(first),
        *_comparison(first),
        *([] if has_folds else _cautions(first)),
        *filter(None, [None if has_folds else _shared(first)]),
        _left_out(first),
        *_rejects(first),
        *(part for manifest in manifests for part in (Text(), *_recipe_view(manifest))),
    )


def _contents(manifest: Manifest) -> RenderableType:
    """Show the number, length and labels of the utterances."""
    table = _table(manifest)
    splits = manifest.splits.values()
    numbers = _with_sum(split.num_utterances for split in splits)
    seconds = [split.seconds for split in splits]
    seconds.append(sum(seconds))
    _add_row(table, "utterances", numbers)
    if seconds[-1]:  # else it is not known how long they last
        _add_row(table, "minutes", [f"{each / 60:.1f}" for each in seconds])
        means = [each / number for each, number in zip(seconds, numbers, strict=True)]
        _add_row(table, "mean seconds", [f"{mean:.2f}" for mean in means])
    for emotion in manifest.emotions if manifest.task != "regression" else ():
        positives = _with_sum(split.positives[emotion] for split in splits)
        _add_row(table, emotion, positives, _shares(positives, numbers))
    for name, cells in target_rows(manifest):
        _add_row(table, name, cells)
    return table


def _comparison(manifest: Manifest) -> Iterator[RenderableType]:
    """Show which counts differ from the published ones."""
    compared = compare_counts(manifest)
    different = [count for count in compared if count.difference]
    if compared and not different:
        yield Text(f"all {len(compared)} published counts agree", style=GOOD)
    elif different:
        yield Text(f"{len(different)} of {len(compared)} published counts differ:", style=BAD)
        table = Table(box=None, padding=(0, 2, 0, 0))
        table.add_column("")
        for header in ("ours", "published", "difference"):
            table.add_column(header, justify="right")
        table.add_column("printed in")
        for count in different:
            numbers = (str(count.ours), count.published, f"{count.difference:+}")
            table.add_row(f"  {count.what}", *numbers, count.reference)
        yield table


def _cautions(manifest: Manifest) -> Iterator[Text]:
    for caution in cautions(manifest):
        yield Text(caution, style=BAD)


def _shared(manifest: Manifest) -> Text:
    """Say what is known not to be in both the test split and the training split."""
    shared, word = manifest.shared, group_word(manifest)
    counts = {} if shared.num_speakers is None else {"speaker": shared.num_speakers}
    if word is not None:
        counts[word] = shared.num_groups
    apart = [f"no {thing}" for thing, number in counts.items() if not number]
    if shared.overlaps == ():
        apart.append("no part of a file")
    told = f"{_listed(apart)} is in both the training and the test split" if apart else ""
    unknown = "who speaks is not known" if shared.num_speakers is None else ""
    return Text("; ".join(filter(None, (told, unknown))))


def _listed(names: Sequence[str]) -> str:
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last


def _left_out(manifest: Manifest) -> Text:
    counts = [f"{number} {reason}" for reason, number in manifest.left_out.items()]
    return Text(f"left out by the corpus's own rules: {', '.join(counts) or 'nothing'}")


def _rejects(manifest: Manifest) -> Iterator[Text]:
    rejects = manifest.rejects
    yield Text(f"rejected: {len(rejects)}", style=BAD if rejects else "")
    for reject in rejects[:MAX_REJECTS]:
        split = reject.split or "no split"
        yield Text(f"  {reject.utterance} ({split}): {_words(reject.reason)}, {reject.detail}")
    if len(rejects) > MAX_REJECTS:
        num_more = len(rejects) - MAX_REJECTS
        yield Text(f"  and {num_more} more: `mmer-sweep show {manifest.name} --remarks` lists all")


def _recipe_view(manifest: Manifest) -> Iterator[RenderableType]:
    """Show what a recipe made of the utterances, and which problems it found."""
    splits = manifest.splits.values()
    has_pictures = isinstance(manifest.recipe, Recipe)
    pictures, sounds = PICTURE_PARTS if has_pictures else FEATURE_PARTS
    yield from _recipe_head(manifest)
    table = _table(manifest)
    if "vision" not in manifest.without:
        frames = _with_sum(split.num_frames for split in splits)
        faces = _with_sum(split.num_frames_with_face for split in splits)
        _add_row(table, pictures, frames)
        _add_row(table, "  with a face", faces, _shares(faces, frames))
    if "audio" not in manifest.without:
        _add_row(table, sounds, _with_sum(split.num_chunks for split in splits))
    numbers = _with_sum(split.num_utterances for split in splits)
    _add_row(table, "utterances", numbers)
    unheld = {remark for modality in manifest.without for remark in REMARKS_ON[modality]}
    for remark in (each for each in Remark if each not in unheld):
        remarked = _with_sum(split.remarks[remark] for split in splits)
        style = "yellow" if any(remarked) else QUIET
        _add_row(table, f"  {_words(remark)}", remarked, _shares(remarked, numbers), style)
    yield table


def _recipe_head(manifest: Manifest) -> Iterator[Text]:
    recipe = manifest.recipe
    yield Text(f"recipe '{recipe.name}', fingerprint {manifest.fingerprint[:12]}", style="bold")
    if isinstance(recipe, Recipe):
        mistakes = [name for name, is_on in recipe.compat if is_on]
        if mistakes:
            yield Text(f"with mistakes of Dai et al.'s code: {', '.join(mistakes)}")
    if manifest.without:
        lacking = " and no ".join(manifest.without)
        yield Text(f"the corpus holds no {lacking}: rows that read it are refused", style="yellow")
    widths = [
        f"{modality} {width}"
        for modality, width in manifest.widths.items()
        if modality not in manifest.without
    ]
    if widths:
        yield Text(f"numbers in a row of features: {', '.join(widths)}")


def _table(manifest: Manifest) -> Table:
    """Make a table with a number and a share for each split, and for all splits together."""
    table = Table(box=None, padding=(0, 1, 0, 0), header_style=QUIET)
    table.add_column("")
    for split in (*manifest.splits, "all"):
        table.add_column(split, justify="right", no_wrap=True)
        table.add_column("", justify="right", no_wrap=True)
    return table


def _add_row(
    table: Table,
    name: str,
    numbers: Sequence[int] | Sequence[str],
    shares: Iterable[str] = repeat(""),
    style: str | None = None,
) -> None:
    pairs = zip(map(str, numbers), shares, strict=False)
    table.add_row(name, *(cell for pair in pairs for cell in pair), style=style)


def _with_sum(numbers: Iterable[int]) -> list[int]:
    by_split = list(numbers)
    return [*by_split, sum(by_split)]


def _shares(numbers: Iterable[int], wholes: Iterable[int]) -> list[str]:
    pairs = zip(numbers, wholes, strict=True)
    return [f"({number / whole:.1%})" for number, whole in pairs]


def _words(name: str) -> str:
    return name.replace("_", " ")
