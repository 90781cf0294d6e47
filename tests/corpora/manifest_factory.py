"""Manifests of corpora that are not there: some counts, and those that the papers print."""

from collections.abc import Mapping, Sequence

from corpora.recipes.pictures import LE
from corpora.source.label_space import LabelSpace
from corpora.source.rejects import Remark
from corpora.source.split import SPLITS, Split
from corpora.store.label_counts import count_targets
from corpora.store.manifest import Manifest, Shared, SplitCounts

SIZES = {"iemocap": (5162, 737, 1481), "mosei": (14524, 1765, 4188)}
POSITIVES = {
    "iemocap": {
        "ang": (757, 112, 234),
        "exc": (736, 92, 213),
        "fru": (1298, 180, 371),
        "hap": (398, 62, 135),
        "neu": (1214, 173, 321),
        "sad": (759, 118, 207),
    },
    "mosei": {
        "anger": (3267, 318, 1015),
        "disgust": (2738, 273, 744),
        "fear": (1263, 169, 371),
        "happy": (7587, 945, 2220),
        "sad": (4026, 509, 1066),
        "surprise": (1465, 197, 393),
    },
}
"""The published counts, in training, validation and test split, by our names of the emotions."""


def make_manifest(
    kind: str = "clips",
    sizes: tuple[int, ...] = (6, 2, 4),
    positives: Mapping[str, tuple[int, ...]] | None = None,
    **changes: object,
) -> Manifest:
    """Make up a manifest; every utterance lasts 3 s and has 3 windows, 2 of them with a face."""
    positives = positives or {"happy": (3, 1, 2), "sad": (2, 1, 1)}
    splits: dict[Split, SplitCounts] = {
        split: SplitCounts(
            num_utterances=size,
            num_frames=3 * size,
            num_frames_with_face=2 * size,
            num_chunks=8 * size,
            seconds=3.0 * size,
            positives={emotion: counts[place] for emotion, counts in positives.items()},
            remarks=dict.fromkeys(Remark, 0),
        )
        for place, (split, size) in enumerate(zip(SPLITS, sizes, strict=True))
    }
    manifest = Manifest(
        name="mine",
        kind=kind,
        fingerprint="f00d" * 16,
        recipe=LE,
        emotions=tuple(positives),
        splits=splits,
        widths={},
        shared=Shared(num_groups=0, num_speakers=0),
        rejects=(),
        left_out={},
        libraries={},
    )
    return manifest.model_copy(update=changes)


def make_target_manifest(values: Mapping[Split, Sequence[float]]) -> Manifest:
    """Make up the manifest of a corpus of sentiment, from -3 to 3."""
    space = LabelSpace(("sentiment",), "regression", (-3.0, 3.0))
    splits = {
        split: counts.model_copy(
            update={
                "num_utterances": len(values[split]),
                "positives": {},
                "targets": count_targets(space, [(each,) for each in values[split]], [(-3.0, 3.0)]),
            }
        )
        for split, counts in make_manifest().splits.items()
    }
    return make_manifest(
        splits=splits, emotions=space.names, task=space.task, label_range=space.range
    )


def published_manifest(family: str) -> Manifest:
    """Make up the manifest of a corpus that holds exactly what the papers print."""
    return make_manifest(family, SIZES[family], POSITIVES[family])
