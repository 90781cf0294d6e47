"""Fingerprints of the built-in recipes, which may never change: every trial names one."""

from typing import get_args

import pytest

from corpora.recipes.handcrafted import HandcraftedRecipe, PublishedFeatures
from corpora.recipes.pictures import DAI, LE, XIA, Compat, FaceChoice, Recipe
from corpora.recipes.union import AnyRecipe
from corpora.store.manifest import fingerprint_of


def taking_every_face(recipe: Recipe) -> Recipe:
    """Return a recipe as it was before there was a least probability of faces."""
    return recipe.model_copy(update={"least_face_probability": 0.0})


FINGERPRINTS: list[tuple[AnyRecipe, str]] = [
    (taking_every_face(DAI), "29f328bb9295d660b1873fb1211f429ad69d6fe5ae4602f5c227e515bee6c289"),
    (taking_every_face(LE), "fbd91700a0a549f08a0850cc368a7bf10b6bc1aec8facae339e137bb6feb17bc"),
    (DAI, "e657b8ccf8de0c4435b567b2e5b5f148cc69c0ea03c200b28b6b77086d86fc5c"),
    (LE, "830e57e42ef8b14bbed440ba8969a08200e97c8dee8d57e64c65bd82b9b361e7"),
    (XIA, "18002b9f7412754d37451cc480bea571c06ca455bd8bd06f37225845b5e56b42"),
    (taking_every_face(XIA), "6e6c835ec8467a744a4c9c8f8077184119410c3fa354bb5cc43f96035377a509"),
    (
        HandcraftedRecipe(words="random"),
        "e6cde03a108af984c3fd99bcde036b3c5a9e7a8522bc12faaf167a1c03435a43",
    ),
    (
        PublishedFeatures(sha256="0" * 64),
        "5a1d8ab2891a5ebf6e953bb026a2903148033e8ff4d57e983ffc28f5ade0c705",
    ),
]
FIRST_MISTAKES = {
    *("dai_crop", "dai_mosei_step", "dai_last_frame"),
    *("dai_transcripts", "dai_filler_rows", "drop_empty"),
}
"""Those of the first release, which every manifest names."""


@pytest.mark.parametrize(("recipe", "fingerprint"), FINGERPRINTS, ids=lambda value: str(value)[:8])
def test_fingerprints_are_those_of_before(recipe: AnyRecipe, fingerprint: str) -> None:
    assert fingerprint_of("f00d", recipe) == fingerprint


@pytest.mark.parametrize("mistake", Compat.model_fields)
def test_each_mistake_has_a_fingerprint_of_its_own(mistake: str) -> None:
    repeating = DAI.model_copy(update={"compat": Compat(**{mistake: True})})
    assert fingerprint_of("f00d", repeating) != fingerprint_of("f00d", DAI)
    assert Compat.model_validate_json(repeating.compat.model_dump_json()) == repeating.compat


@pytest.mark.parametrize("recipe", [DAI, HandcraftedRecipe(words="random")], ids=["dai", "own"])
def test_each_choice_of_a_face_has_a_fingerprint_of_its_own(
    recipe: Recipe | HandcraftedRecipe,
) -> None:
    chosen = [recipe.model_copy(update={"face_choice": choice}) for choice in get_args(FaceChoice)]
    assert len({fingerprint_of("f00d", each) for each in chosen}) == 3
    assert [type(recipe).model_validate_json(each.model_dump_json()) for each in chosen] == chosen
    assert ["face_choice" in each.model_dump() for each in chosen] == [False, True, True]


def test_later_mistakes_are_named_only_where_they_are_repeated() -> None:
    assert set(Compat().model_dump(mode="json")) == FIRST_MISTAKES
    assert Compat(dai_padded_rows=True).model_dump()["dai_padded_rows"]
