"""Every kind of recipe that a corpus can be prepared by."""

from typing import Annotated

from pydantic import Field

from corpora.handcrafted import HandcraftedRecipe, PublishedFeatures
from corpora.recipe import Recipe

AnyRecipe = Annotated[Recipe | HandcraftedRecipe | PublishedFeatures, Field(discriminator="inputs")]
