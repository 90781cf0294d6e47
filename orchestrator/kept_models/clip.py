"""The utterance of the test split that figures show, as pictures and sound."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from corpora.recipes.pictures import PowerMel, Recipe, VggishLogMel, Wave
from corpora.source.errors import CorpusError
from corpora.store.folders import recipe_folder
from corpora.store.rows import PreparedRow, PreparedRows
from orchestrator.kept_models.load import LoadedModel
from reports.corpus.contact_picture import loudness_db


@dataclass(frozen=True)
class ShownClip:
    """One utterance; `tokens` are its text for the model.

    Shapes:
        faces: (N, face_px, face_px, 3), uint8, RGB, one for each window
        sound: (M, num_mels, frames), decibels, one for each chunk, the highest band first
    """

    id: str
    text: str
    tokens: tuple[str, ...]
    faces: NDArray[np.uint8]
    sound: NDArray[np.float64]
    window_s: float
    chunk_s: float


@dataclass(frozen=True)
class ChosenClip(ShownClip):
    """An utterance of the test split; `index` is its place there."""

    index: int


def choose_clip(trained: LoadedModel, storage: Path) -> ChosenClip:
    """Take the first test utterance, by id, that has a text and shows a face in every window.

    The choice does not depend on the model's predictions.

    Raises:
        CorpusError: If there is no such utterance, or the corpus holds no pictures.
    """
    reference, recipe = trained.record.trial.corpus, trained.corpus.manifest.recipe
    if not isinstance(recipe, Recipe):
        raise CorpusError(f"corpus '{reference.name}', recipe '{recipe.name}', holds no pictures")
    settings = recipe.spectrogram
    if isinstance(settings, Wave):
        raise CorpusError(
            f"corpus '{reference.name}', recipe '{recipe.name}', holds waves, and figures show "
            "spectrograms; choose a trial that reads those"
        )
    folder = recipe_folder(storage, reference.name, recipe.name)
    rows = PreparedRows(folder, trained.corpus.manifest, "test", recipe)
    for index, row in _in_order_of_ids(rows):
        if row.text.strip() and _is_seen(row).all():
            return _shown(index, row, recipe.window_s, settings, trained)
    raise CorpusError(
        f"corpus '{reference.name}', recipe '{recipe.name}', has no test utterance with a text and "
        "a face in every window; see what was found with `mmer-sweep show`"
    )


def _in_order_of_ids(rows: PreparedRows) -> Iterator[tuple[int, PreparedRow]]:
    for index in sorted(range(len(rows)), key=rows.ids.__getitem__):
        if rows.has_face(index):
            yield index, rows.read(index)


def _is_seen(row: PreparedRow) -> NDArray[np.bool_]:
    """Return for each window whether its middle frame, which the model reads, shows a face."""
    return row.found[:, row.found.shape[1] // 2]


def _shown(
    index: int,
    row: PreparedRow,
    window_s: float,
    settings: PowerMel | VggishLogMel,
    trained: LoadedModel,
) -> ChosenClip:
    tokenizer = trained.corpus.tokenizer
    return ChosenClip(
        index=index,
        id=row.id,
        text=row.text,
        tokens=tuple(tokenizer.encode(row.text).tokens) if tokenizer is not None else (),
        faces=row.crops[:, row.crops.shape[1] // 2],
        sound=pictures_of_sound(row.mels, settings),
        window_s=window_s,
        chunk_s=chunk_seconds(settings),
    )


def pictures_of_sound(
    mels: NDArray[np.float32], settings: PowerMel | VggishLogMel
) -> NDArray[np.float64]:
    """Make pictures of the chunks of a spectrogram: decibels, the highest band first.

    Shapes:
        mels: (M, height, width), as a batch holds them -> (M, num_mels, frames)
    """
    loudness = np.split(loudness_db(mels, settings), len(mels), axis=1)
    return np.stack(loudness)[:, ::-1]


def chunk_seconds(settings: PowerMel | VggishLogMel) -> float:
    """Return how long a chunk of a spectrogram lasts."""
    return settings.chunk_frames * settings.hop / settings.sample_rate_hz
