"""Frozen states of encoders of pictures: CLIP, DINOv2."""

from collections.abc import Sequence

import numpy as np
import torch

from corpora.checkpoints.files import PREPROCESSOR_FILE, Checkpoint
from corpora.checkpoints.load import load_encoder
from corpora.checkpoints.settings import read_picture_settings
from corpora.checkpoints.states import picture_state
from corpora.features.encoders.batches import LengthBatches, Promise, Rows
from corpora.features.encoders.layers import states_of
from corpora.forms.crops import crop_centre, crop_first_face
from corpora.forms.faces import Faces
from corpora.recipes.encoder_states import Layer
from corpora.recipes.pictures import XIA
from corpora.source.utterance import Frame

MAX_BATCH_FACES = 8
"""So many faces go through the encoder together on a core."""


class FaceStates:
    """Turns the face of a frame into one row, an encoder's state of the whole picture.

    The face is cut out and aligned as recipe `xia` does, at the size that the encoder reads; where
    there is none, the middle of the frame stands in. The state is that of [CLS]. The last one is
    what the encoder itself makes of it, such as CLIP's after its last norm.

    Raises:
        CheckpointError: If the checkpoint is no such encoder.
    """

    def __init__(self, checkpoint: Checkpoint, layer: Layer, *, device: str) -> None:
        self._model = load_encoder(checkpoint, device)
        settings, side_px = read_picture_settings(checkpoint)
        self._scale, self._shift = (values.to(device) for values in settings.scale_and_shift())
        self._device = device
        self._layer = layer
        self._recipe = XIA.model_copy(update={"face_px": side_px})
        self._batches: LengthBatches[Frame] = LengthBatches(
            self._encode, lambda _: 1, max_length=MAX_BATCH_FACES, device=device
        )
        try:
            self._encode([np.zeros((side_px, side_px, 3), np.uint8)])
        except (RuntimeError, ValueError) as error:
            raise checkpoint.error(
                f"it cannot read the pictures of {side_px} px that its {PREPROCESSOR_FILE} asks "
                f"for: {error}",
                "copy config.json and that file again",
            ) from error

    def __call__(self, frame: Frame, faces: Faces) -> Promise:
        """Ask for the row of a frame's first face: (1, D)."""
        crop = crop_first_face(frame, faces, self._recipe)
        return self._batches.add(crop_centre(frame, self._recipe) if crop is None else crop)

    @torch.inference_mode()
    def _encode(self, crops: Sequence[Frame]) -> list[Rows]:
        """Make the state of each crop: (1, D) each."""
        pictures = torch.from_numpy(np.stack(crops)).to(self._device).permute(0, 3, 1, 2)
        outputs = self._model(
            pictures * self._scale + self._shift, output_hidden_states=True
        )  # (B, 3, side_px, side_px)
        last = picture_state(outputs, self._model)
        hidden = [states[:, 0] for states in outputs.hidden_states]
        return [*states_of(last, hidden, self._layer)[:, None].cpu().numpy()]
