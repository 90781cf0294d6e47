"""Any `transformers` encoder of texts or pictures, trained end to end from its checkpoint."""

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from corpora.checkpoints.files import find_checkpoint
from corpora.checkpoints.load import UNUSED, load_encoder, num_positions
from corpora.checkpoints.settings import read_picture_settings
from corpora.checkpoints.states import picture_state
from models.encoders.text import TextEncoder
from models.groups import mark_pretrained
from models.task import PictureScale
from models.weights.encoders import as_weights_error


class AnyTextEncoder(TextEncoder):
    """The token states of an encoder, such as a RoBERTa or a DeBERTa."""

    def forward(self, tokens: Tensor, token_mask: Tensor) -> Tensor:
        """Encode each token in its sentence.

        Shapes:
            tokens: (B, T), token_mask: (B, T), bool -> (B, T, width)
        """
        states: Tensor = self.model(tokens, attention_mask=token_mask.long()).last_hidden_state
        return states


class AnyPictureEncoder(nn.Module):
    """The state that an encoder, such as a CLIP or a DINOv2, makes of each face.

    The faces of the corpus are brought to the size and the scale that the checkpoint reads:

    x' = x * std * rescale_factor / image_std + (mean * rescale_factor - image_mean) / image_std

    where x = (pixel - mean) / std is what the corpus holds.
    """

    def __init__(
        self, model: PreTrainedModel, *, scale: Tensor, shift: Tensor, side_px: int
    ) -> None:
        super().__init__()
        self.model = model
        self.scale = nn.Buffer(scale.reshape(3, 1, 1), persistent=False)
        self.shift = nn.Buffer(shift.reshape(3, 1, 1), persistent=False)
        self.side_px = side_px

    @property
    def width(self) -> int:
        """The length of a state."""
        width: int = self.model.config.hidden_size
        return width

    def forward(self, faces: Tensor) -> Tensor:
        """Encode each face: (N, 3, H, W), normalised -> (N, width)."""
        sides = (self.side_px, self.side_px)
        resized = nn.functional.interpolate(faces, sides, mode="bilinear", antialias=True)
        return picture_state(self.model(resized * self.scale + self.shift), self.model)


def load_any_text_encoder(weights: str, *, max_tokens: int) -> AnyTextEncoder:
    """Load an encoder of texts.

    Raises:
        WeightsError: If it is not available, or has too few positions for `max_tokens`.
    """
    with as_weights_error():
        checkpoint = find_checkpoint(weights, "text")
        model = load_encoder(checkpoint)
        if max_tokens > num_positions(model):
            raise checkpoint.error(
                f"it has {num_positions(model)} positions, fewer than model.text.max_tokens "
                f"{max_tokens}",
                "choose fewer tokens",
            )
    encoder = AnyTextEncoder(model)
    _prepare(encoder)
    return encoder


def load_any_picture_encoder(weights: str, faces: PictureScale | None) -> AnyPictureEncoder:
    """Load an encoder of pictures for faces of some scale.

    Raises:
        ValueError: If the scale is not known.
        WeightsError: If it is not available.
    """
    if faces is None:
        raise ValueError("an encoder of pictures needs `Task.faces`: how faces were normalised")
    with as_weights_error():
        checkpoint = find_checkpoint(weights, "vision")
        model = load_encoder(checkpoint)
        settings, side_px = read_picture_settings(checkpoint)
    mean, std = torch.tensor(faces.mean), torch.tensor(faces.std)
    image_mean, image_std = torch.tensor(settings.image_mean), torch.tensor(settings.image_std)
    encoder = AnyPictureEncoder(
        model,
        scale=std * settings.rescale_factor / image_std,
        shift=(mean * settings.rescale_factor - image_mean) / image_std,
        side_px=side_px,
    )
    _prepare(encoder)
    return encoder


def _prepare(encoder: AnyTextEncoder | AnyPictureEncoder) -> None:
    """Keep what states do not depend on as it is, and let the rest learn at the pretrained rate."""
    for name, parameter in encoder.model.named_parameters():
        if name.startswith(UNUSED):
            parameter.requires_grad_(False)
    mark_pretrained(encoder)
