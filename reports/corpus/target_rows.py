"""The rows about targets in the view of a corpus: mean, spread, range and a histogram of each."""

from collections.abc import Iterator, Sequence
from math import sqrt

from corpora.store.label_counts import TargetCounts
from corpora.store.manifest import Manifest

BARS = "\u2581\u2582\u2583\u2584\u2585\u2586\u2587\u2588"
"""The lowest bar, also of a count of 0, to the highest."""

Row = tuple[str, list[str]]
"""A name, and the cell of each split and of all splits together."""


def target_rows(manifest: Manifest) -> Iterator[Row]:
    """Describe the values of each target by split and in all of them."""
    sizes = [split.num_utterances for split in manifest.splits.values()]
    for target in manifest.emotions if manifest.task == "regression" else ():
        by_split = [split.targets[target] for split in manifest.splits.values()]
        counts = [*by_split, _together(by_split, sizes)]
        yield f"{target}, mean", [f"{each.mean:.2f}" for each in counts]
        yield "  std", [f"{each.std:.2f}" for each in counts]
        yield "  lowest", [f"{each.minimum:.4g}" for each in counts]
        yield "  highest", [f"{each.maximum:.4g}" for each in counts]
        between = f"  {counts[0].low:.4g} to {counts[0].high:.4g}"
        yield between, [_bars(each.histogram) for each in counts]


def _together(counts: Sequence[TargetCounts], sizes: Sequence[int]) -> TargetCounts:
    """Describe all splits together."""
    pairs = list(zip(counts, sizes, strict=True))
    mean = sum(each.mean * size for each, size in pairs) / sum(sizes)
    squares = sum((each.std**2 + each.mean**2) * size for each, size in pairs) / sum(sizes)
    return TargetCounts(
        mean=mean,
        std=sqrt(max(0.0, squares - mean**2)),
        minimum=min(each.minimum for each in counts),
        maximum=max(each.maximum for each in counts),
        low=counts[0].low,
        high=counts[0].high,
        histogram=tuple(map(sum, zip(*(each.histogram for each in counts), strict=True))),
    )


def _bars(histogram: Sequence[int]) -> str:
    """Draw counts as letters of rising height."""
    most = max(*histogram, 1)
    return "".join(BARS[-(-count * (len(BARS) - 1) // most)] for count in histogram)
