"""Draws what a trained model attends to in one utterance, of a corpus or outside any."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from models.configs.base import Modality
from orchestrator.kept_models.attention import (
    CLS,
    Attended,
    bottleneck_weights,
    fusion_weights,
    site_weights,
)
from orchestrator.kept_models.clip import ShownClip
from orchestrator.kept_models.load import MissingPartError
from reports.figures.style import Drawing
from reports.model_figures.site_attention import SiteAttention, draw_site_attention
from reports.model_figures.step_attention import Band, Steps, draw_step_attention

WIDE = 2.0
"""The width of a face, relative to the width of a token."""

TITLES: dict[Modality, str] = {"text": "text", "audio": "sound", "vision": "faces"}


@dataclass(frozen=True)
class Told:
    """How a caption names the model, the clip that it reads, and the trial."""

    model: str
    clip: str
    trial: str


DrawAttention = Callable[[Attended, ShownClip, Told], Drawing]


def draw_sites(attended: Attended, clip: ShownClip, told: Told) -> Drawing:
    """Draw where semantic enhancement looks in sound and faces.

    Raises:
        MissingPartError: If the model has none that weighs sites.
    """
    weights = site_weights(attended)
    as_seen = {  # a map of sound has time as rows and mel bands as columns
        "vision": {f"SEM {group}": each for group, each in weights.get("vision", {}).items()},
        "audio": {
            f"SEM {group}": each.transpose(0, 2, 1)[:, ::-1]
            for group, each in weights.get("audio", {}).items()
        },
    }
    return draw_site_attention(
        [
            SiteAttention(TITLES["vision"], clip.faces, as_seen["vision"]),
            SiteAttention(TITLES["audio"], clip.sound, as_seen["audio"]),
        ],
        window_s=clip.window_s,
        name="xia2022-sem-attention",
        title="Where semantic enhancement looks",
        about=(
            f"Attention of the text to the sites of maps in {told.model}, {told.clip}. Sound: "
            f"log-mel spectrogram, low bands at the bottom. {told.trial}"
        ),
    )


def draw_bottleneck(attended: Attended, clip: ShownClip, told: Told) -> Drawing:
    """Draw what the bottleneck tokens exchange between sound and faces.

    Raises:
        MissingPartError: If the model has no bottleneck that is written and read.
    """
    write, read = bottleneck_weights(attended)
    tokens = tuple(f"token {token + 1}" for token in range(len(write["audio"])))
    return draw_step_attention(
        [_sound_steps(clip, width=WIDE), _face_steps(clip)],
        [
            Band("tokens attend\nto windows", tokens, (write["audio"], write["vision"])),
            Band("windows attend\nto tokens", tokens, (read["audio"], read["vision"])),
        ],
        name="xia2022-bottleneck-attention",
        title="What passes the bottleneck between sound and faces",
        about=(
            f"Attention in the bottleneck of {told.model}, {told.clip}. Last layer, "
            "mean over heads. Above, the weights of a token add up to 1 over the windows of each "
            "modality; below, the weights of a window add up to 1 over the tokens. Columns are "
            f"windows, by the time at which they begin. {told.trial}"
        ),
    )


def draw_fusion(attended: Attended, clip: ShownClip, told: Told) -> Drawing:
    """Draw what [CLS] and the emotions attend to in the fusion of Le et al.

    Raises:
        MissingPartError: If the model does not fuse tokens, chunks and faces by a transformer with
            a [CLS].
    """
    queries, weights = fusion_weights(attended)
    record = attended.trained.record
    modalities = record.trial.config.model.modalities
    steps = [Steps("[CLS]", (CLS,)), *(STEPS[modality](clip) for modality in modalities)]
    ends = np.cumsum([len(part.names) for part in steps])
    if ends[-1] != weights.shape[1]:
        raise MissingPartError(
            f"trial '{record.key}' fuses {weights.shape[1]} steps, which are not the {ends[-1]} of "
            "[CLS], tokens, chunks of sound and faces"
        )
    return draw_step_attention(
        steps,
        [Band("", queries, (*np.split(weights, ends[:-1], axis=1),), True)],
        name="le2023-fusion-attention",
        title="What the fused [CLS] and each emotion attend to",
        about=(
            f"Attention in {told.model}, {told.clip}. Rows: the [CLS] of the fused "
            "sequence, in the last layer of the fusion, and each emotion's embedding, in the last "
            "layer of the decoder; mean over heads. A row adds up to 1 over all steps, where even "
            f"weights would be {1 / ends[-1]:.3f}; bars tell the sum of each modality. The layers "
            "before have mixed the steps, so weight on one is not evidence from it alone. Sound "
            "and faces by the time at which they begin. "
            f"{told.trial}"
        ),
    )


def _text_steps(clip: ShownClip) -> Steps:
    return Steps(TITLES["text"], clip.tokens)


def _sound_steps(clip: ShownClip, *, width: float = 1.0) -> Steps:
    times = _times(len(clip.sound), clip.chunk_s)
    return Steps(TITLES["audio"], times, clip.sound, width)


def _face_steps(clip: ShownClip) -> Steps:
    times = _times(len(clip.faces), clip.window_s)
    return Steps(TITLES["vision"], times, clip.faces, WIDE, keep_shape=True)


STEPS: Mapping[Modality, Callable[[ShownClip], Steps]] = {
    "text": _text_steps,
    "audio": _sound_steps,
    "vision": _face_steps,
}


def _times(number: int, seconds_each: float) -> tuple[str, ...]:
    return tuple(f"{step * seconds_each:.2f} s" for step in range(number))
