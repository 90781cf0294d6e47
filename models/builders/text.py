"""Builds text encoders."""

from models.configs.text import TextConfig
from models.encoders.pretrained import load_any_text_encoder
from models.encoders.text import TextEncoder, load_text_encoder, random_text_encoder


def build_text_encoder(config: TextConfig) -> TextEncoder:
    """Load the checkpoint that the config names, or build one with its sizes.

    Raises:
        WeightsError: If the checkpoint is not available.
    """
    if config.sizes is not None:
        return random_text_encoder(config.sizes)
    if config.architecture == "text":
        return load_any_text_encoder(config.weights, max_tokens=config.max_tokens)
    return load_text_encoder(
        config.weights, architecture=config.architecture, max_tokens=config.max_tokens
    )
