"""From what a user names to an encoder of a recipe."""

from corpora.checkpoints.files import Checkpoint, find_checkpoint
from corpora.checkpoints.load import load_config
from corpora.recipes.encoder_states import EncoderStates, Layer
from corpora.recipes.handcrafted import HandcraftedRecipe
from corpora.source.utterance import Modality


def open_encoder(place: str, modality: Modality, layer: Layer) -> tuple[Checkpoint, EncoderStates]:
    """Find an encoder, hash its files, and make sure that it has a layer.

    Raises:
        CheckpointError: If it cannot be used.
    """
    checkpoint = find_checkpoint(place, modality)
    num_layers: int = load_config(checkpoint).num_hidden_layers
    if isinstance(layer, int) and layer > num_layers:
        raise checkpoint.error(
            f"it has no layer {layer}", f"choose from 0 to {num_layers}, mean, last"
        )
    states = EncoderStates(
        architecture=checkpoint.architecture, layer=layer, sha256=checkpoint.sha256()
    )
    return checkpoint, states


def find_encoder(place: str, modality: Modality, recipe: HandcraftedRecipe) -> Checkpoint:
    """Find the encoder of a recipe again, wherever its files lie now.

    Raises:
        CheckpointError: If it cannot be used, or is another one.
    """
    checkpoint = find_checkpoint(place, modality)
    wanted, found = recipe.encoders[modality].sha256, checkpoint.sha256()
    differ = sorted(name for name in wanted | found if wanted.get(name) != found.get(name))
    if differ:
        raise checkpoint.error(
            f"it is not the one of the recipe '{recipe.name}': {', '.join(differ)} differ by "
            "SHA-256",
            f"name the {recipe.encoders[modality].architecture} that the corpus was prepared with",
        )
    return checkpoint
