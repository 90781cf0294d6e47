"""From a recipe to what prepares utterances by it."""

from corpora.features.form import PublishedForm, handcrafted_maker
from corpora.features.sources import FeatureSources
from corpora.forms.form import FormMaker
from corpora.forms.pictures import PictureForm
from corpora.forms.spectrogram import Spectrogrammer
from corpora.recipes.handcrafted import HandcraftedRecipe
from corpora.recipes.pictures import Recipe
from corpora.recipes.union import AnyRecipe
from corpora.source.errors import CorpusError


def make_form_maker(recipe: AnyRecipe, feature_sources: FeatureSources, device: str) -> FormMaker:
    """Return a function that starts a recipe on an utterance.

    Raises:
        CorpusError: If a feature source that the recipe needs is missing.
    """
    match recipe:
        case Recipe():
            spectrogrammer = Spectrogrammer(recipe.spectrogram)
            return lambda utterance: PictureForm(utterance, recipe, spectrogrammer)
        case HandcraftedRecipe():
            return handcrafted_maker(recipe, feature_sources, device)
        case _:
            published = feature_sources.published
            if published is None:
                raise CorpusError(
                    f"recipe '{recipe.name}' needs the published features; give them in "
                    "FeatureSources.published"
                )
            return lambda utterance: PublishedForm(utterance, published)
