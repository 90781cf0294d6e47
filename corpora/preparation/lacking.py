"""The modalities that no utterance of a corpus has: what is seen when it is prepared."""

from collections.abc import Collection, Mapping, Sequence

from corpora.recipes.handcrafted import MODALITIES, PublishedFeatures
from corpora.recipes.union import AnyRecipe
from corpora.source.rejects import Remark
from corpora.source.utterance import Modality, Source, Utterance
from corpora.store.remarked import REMARKS_ON, Remarked

_ABSENT: Mapping[Modality, Remark] = {"audio": Remark.NO_SOUND, "vision": Remark.NO_FRAMES}


def lacking(
    source: Source, recipe: AnyRecipe, kept: Sequence[Utterance], remarked: Sequence[Remarked]
) -> tuple[Modality, ...]:
    """Name the modalities that no utterance has.

    Args:
        source: What was prepared; of features from files it says itself what they lack.
        recipe: The recipe that prepared it.
        kept: The utterances that were not rejected.
        remarked: All remarks on them.
    """
    found = set(source.without)
    if not isinstance(recipe, PublishedFeatures):
        found |= {"text"} if not any(clip.text.strip() for clip in kept) else set()
        for modality, absent in _ABSENT.items():
            having = sum(each.remark == absent for each in remarked)
            found |= {modality} if having == len(kept) else set()
    return tuple(modality for modality in MODALITIES if modality in found)


def not_on(remarked: Sequence[Remarked], without: Collection[Modality]) -> list[Remarked]:
    """Leave out the remarks on what no utterance has: of each, they would say the same."""
    said = {remark for modality in without for remark in REMARKS_ON[modality]}
    return [each for each in remarked if each.remark not in said]
