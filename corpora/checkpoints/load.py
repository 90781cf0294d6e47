"""Loading the encoder of a checkpoint, without its heads, from safetensors alone."""

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import nn
from transformers import AutoConfig, PretrainedConfig, PreTrainedModel
from transformers.models.auto.modeling_auto import MODEL_MAPPING
from transformers.utils import logging

from corpora.checkpoints.files import Checkpoint
from corpora.checkpoints.states import has_picture_state

INPUTS: Mapping[str, str] = {
    "text": "input_ids",
    "audio": "input_values",
    "vision": "pixel_values",
}
"""What `transformers` calls the input of a modality's encoders."""

UNUSED = ("pooler.", "masked_spec_embed", "embeddings.mask_token")
"""Parameters that states do not depend on; a checkpoint may lack them."""


def load_config(checkpoint: Checkpoint) -> PretrainedConfig:
    """Read the config of the part of a checkpoint that reads its modality.

    Raises:
        CheckpointError: If the architecture is unknown, or reads something else.
    """
    modality = checkpoint.modality
    try:
        with _quiet():
            config = AutoConfig.from_pretrained(
                checkpoint.folder,
                local_files_only=True,
                trust_remote_code=False,  # by default it asks at the terminal
            )
    except (OSError, ValueError, KeyError) as error:
        raise checkpoint.error(f"its config cannot be used: {error}", "name another one") from error
    has_towers = hasattr(config, "vision_config")
    if has_towers and modality == "vision":
        config = config.vision_config
    kind: Any = MODEL_MAPPING.get(type(config), None)
    reads = None if kind is None else kind.main_input_name
    is_tower_of_text = has_towers and modality == "text"
    if reads != INPUTS[modality] or is_tower_of_text or config.is_encoder_decoder:
        raise checkpoint.error(
            f"its architecture '{checkpoint.architecture}' is no encoder of {modality}",
            f"name one, such as {EXAMPLES[modality]}",
        )
    return config


EXAMPLES: Mapping[str, str] = {
    "text": "a RoBERTa or a DeBERTa",
    "audio": "a wav2vec 2.0, a HuBERT or a WavLM",
    "vision": "a CLIP or a DINOv2",
}


def load_encoder(checkpoint: Checkpoint, device: str = "cpu") -> PreTrainedModel:
    """Load an encoder in float32 onto a device, ready for evaluation.

    Raises:
        CheckpointError: If it is no encoder of its modality, or its files are damaged or lack
            parameters.
    """
    config = load_config(checkpoint)
    kind: Any = MODEL_MAPPING[type(config)]
    try:
        with _quiet():
            loaded: Any = kind.from_pretrained(
                checkpoint.folder,
                config=config,
                local_files_only=True,
                use_safetensors=True,
                dtype=torch.float32,
                output_loading_info=True,
            )
    except Exception as error:  # those of safetensors and transformers share no base class
        raise checkpoint.error(f"it cannot be loaded: {error}", "copy its files again") from error
    model, report = loaded
    missing = sorted(name for name in report["missing_keys"] if not name.startswith(UNUSED))
    if missing:
        raise checkpoint.error(
            f"its weights lack {', '.join(missing[:3])}{' and more' if missing[3:] else ''}",
            "name a checkpoint of the whole encoder",
        )
    if checkpoint.modality == "vision" and not has_picture_state(model):
        raise checkpoint.error(
            f"its architecture '{checkpoint.architecture}' has no [CLS] state",
            f"name {EXAMPLES['vision']}",
        )
    for name in report["missing_keys"]:
        nn.init.zeros_(model.get_parameter(name))  # else they would be random, without a seed
    encoder: PreTrainedModel = model.eval().to(device)
    return encoder


def num_positions(model: PreTrainedModel) -> int:
    """Count the tokens that an encoder has positions for; RoBERTa's begin after its padding."""
    most: int = model.config.max_position_embeddings
    table = dict(model.named_modules()).get("embeddings.position_embeddings")
    if isinstance(table, nn.Embedding) and table.padding_idx is not None:
        most -= table.padding_idx + 1
    return most


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Let `transformers` print no progress, and no list of the heads that are left out."""
    was_on, verbosity = logging.is_progress_bar_enabled(), logging.get_verbosity()
    logging.disable_progress_bar()
    logging.set_verbosity_error()
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
        if was_on:
            logging.enable_progress_bar()
