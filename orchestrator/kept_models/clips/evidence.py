"""Gathers what a page shows of a prediction: what the model read, and what changes it."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from corpora.batches.batch import Batch
from corpora.batches.watched import crops_of
from corpora.forms.seen import Seen
from corpora.recipes.pictures import Recipe, Wave
from models.configs.base import Modality
from orchestrator.errors import KeptModelError
from orchestrator.kept_models.attention import attend_to
from orchestrator.kept_models.attention_figures import (
    Told,
    draw_bottleneck,
    draw_fusion,
    draw_sites,
)
from orchestrator.kept_models.clip import ShownClip, chunk_seconds, pictures_of_sound
from orchestrator.kept_models.clips.predictor import Predictor, Watched
from orchestrator.kept_models.load import MissingPartError
from reports.figures.style import Drawing
from reports.prediction.content import ClipContent, SeenFace, WithoutModality
from search_spaces.study import RowRef

MAX_FACES = 24
"""The most faces on a page, evenly over the clip."""

MAX_STEPS = 150
"""Attention to more tokens, chunks and faces than this could not be read in a picture."""


def gather(
    predictor: Predictor, watched: Watched, rows: Sequence[RowRef], *, explains: bool = True
) -> ClipContent:
    """Gather all that is shown of a prediction.

    Args:
        predictor: What predicted.
        watched: The prediction, and what the model read for it.
        rows: The rows that the trial belongs to.
        explains: Whether attention is drawn, and the model predicts again without each modality.
    """
    faces = _faces(predictor, watched)
    without, why_none = _without_each(predictor, watched) if explains else ([], [])
    drawings, why_no_drawings = _attention(predictor, watched) if explains else ([], [])
    places = np.linspace(0, len(faces) - 1, min(len(faces), MAX_FACES)).round().astype(int)
    return ClipContent(
        prediction=watched.prediction,
        record=predictor.trained.record,
        rows=tuple(rows),
        seen=_of_read(watched.seen, predictor.trained.record.trial.config.model.modalities),
        faces=tuple(faces[place] for place in places),
        num_faces=len(faces),
        tokens=_tokens(predictor, watched),
        without=tuple(without),
        drawings=tuple(drawings),
        notes=(*why_none, *why_no_drawings),
    )


def _of_read(seen: Seen, modalities: Sequence[Modality]) -> Seen:
    """Leave out pictures and sound that the model does not read."""
    if "vision" not in modalities:
        seen = replace(seen, frames=(), times_s=(), found=())
    return seen if "audio" in modalities else replace(seen, wave=None)


def _faces(predictor: Predictor, watched: Watched) -> list[SeenFace]:
    """List the pictures that the model read, those too that stand in where there is no face."""
    recipe, batch, seen = predictor.recipe, watched.batch, watched.seen
    if "vision" not in predictor.trained.record.trial.config.model.modalities or not seen.found:
        return []
    if not isinstance(batch, Batch) or not isinstance(recipe, Recipe):
        return []
    crops = crops_of(batch.faces, recipe)
    found = (*seen.found, *(False for _ in seen.times_s[len(seen.found) :]))
    return [SeenFace(*face) for face in zip(seen.times_s, crops, found, strict=False)]


def _tokens(predictor: Predictor, watched: Watched) -> tuple[str, ...]:
    reads_text = predictor.trained.record.trial.config.model.reads_text
    if predictor.tokenizer is None or not reads_text:
        return ()
    return tuple(predictor.tokenizer.encode(watched.prediction.text).tokens)


def _without_each(
    predictor: Predictor, watched: Watched
) -> tuple[list[WithoutModality], list[str]]:
    """Predict once more without each modality, or say why not."""
    model = predictor.trained.record.trial.config.model
    if len(model.modalities) == 1:
        return [], [f"this model reads only {model.modalities[0]}: nothing is left without it"]
    try:
        return [_without(predictor, watched, modality) for modality in model.modalities], []
    except KeptModelError as error:
        return [], [f"nothing is known of the clip without a modality: {error}"]


def _without(predictor: Predictor, watched: Watched, modality: Modality) -> WithoutModality:
    decided = predictor.without(watched.batch, modality)
    return WithoutModality(
        modality,
        values={one.emotion: one.probability for one in decided.decisions} or decided.numbers,
        present={one.emotion: one.present for one in decided.decisions},
    )


def _attention(predictor: Predictor, watched: Watched) -> tuple[list[Drawing], list[str]]:
    """Draw every kind of attention that the model has, or say why there is none."""
    clip = _shown(predictor, watched)
    if clip is None:
        return [], ["attention is drawn only over pictures, spectrograms and tokens"]
    num_steps = len(clip.tokens) + len(clip.sound) + len(clip.faces)
    if num_steps > MAX_STEPS:
        return [], [
            f"attention is not drawn: {num_steps} tokens, chunks of sound and faces are more than "
            f"a picture shows ({MAX_STEPS}); cut the clip into shorter ones"
        ]
    drawings = list(_drawings(predictor, watched, clip))
    system = predictor.trained.record.trial.config.model.system
    none = f"system '{system}' has no attention that is drawn, as this row builds it"
    return drawings, [] if drawings else [none]


def _drawings(predictor: Predictor, watched: Watched, clip: ShownClip) -> Iterator[Drawing]:
    trained = predictor.trained
    attended = attend_to(trained, watched.batch)
    text = clip.text.strip()
    told = Told(
        model=f"the model of trial {trained.record.key}",
        clip=f"while it reads {clip.id}" + (f": '{text}'" if text else ", without a text"),
        trial="",
    )
    for draw in (draw_fusion, draw_bottleneck, draw_sites):
        try:
            yield draw(attended, clip, told)
        except MissingPartError:  # then this is no kind of attention of this model
            continue


def _shown(predictor: Predictor, watched: Watched) -> ShownClip | None:
    recipe, batch, prediction = predictor.recipe, watched.batch, watched.prediction
    if not isinstance(batch, Batch) or not isinstance(recipe, Recipe):
        return None
    if isinstance(recipe.spectrogram, Wave):
        return None
    mels = batch.mels[:, 0].float().cpu().numpy()  # (M, height, width)
    return ShownClip(
        id=prediction.clip,
        text=prediction.text,
        tokens=_tokens(predictor, watched),
        faces=crops_of(batch.faces, recipe),
        sound=pictures_of_sound(mels, recipe.spectrogram),
        window_s=recipe.window_s,
        chunk_s=chunk_seconds(recipe.spectrogram),
    )
