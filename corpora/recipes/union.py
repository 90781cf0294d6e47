"""Every kind of recipe that a corpus can be prepared by."""

from typing import Annotated

from pydantic import Field

from corpora.recipes.handcrafted import HandcraftedRecipe, PublishedFeatures
from corpora.recipes.pictures import Recipe

AnyRecipe = Annotated[Recipe | HandcraftedRecipe | PublishedFeatures, Field(discriminator="inputs")]
