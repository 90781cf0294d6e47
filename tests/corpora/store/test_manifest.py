from corpora.preparation.known import SYNTHETIC_RECIPES
from corpora.recipes.pictures import LE, Recipe
from corpora.source.rejects import Remark
from corpora.store.manifest import Manifest
from tests.corpora.manifest_factory import make_manifest


def test_manifest_from_before_a_remark_was_known_counts_none_of_it() -> None:
    stored = make_manifest().model_dump(mode="json")
    for split in stored["splits"].values():
        del split["remarks"]["damaged"]
        split["remarks"]["no_face"] = 3
    remarks = Manifest.model_validate(stored).splits["test"].remarks
    assert (remarks[Remark.DAMAGED], remarks[Remark.NO_FACE]) == (0, 3)


def test_recipe_of_before_the_least_probability_takes_every_face() -> None:
    stored = LE.model_dump(mode="json")
    del stored["least_face_probability"]
    assert Recipe.model_validate(stored) == SYNTHETIC_RECIPES["le"]
