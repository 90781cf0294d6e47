"""Draws the figures that need trained models, as far as the ledger has the kept models."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from corpora.device import default_device
from corpora.source.errors import CorpusError
from models.configs.base import Modality
from models.weights.errors import WeightsError
from orchestrator.errors import KeptModelError
from orchestrator.kept_models.attention import attend
from orchestrator.kept_models.attention_figures import (
    DrawAttention,
    Told,
    draw_bottleneck,
    draw_fusion,
    draw_sites,
)
from orchestrator.kept_models.by_row import NotDrawnError, Trials, with_kept_models
from orchestrator.kept_models.clip import ShownClip, choose_clip
from orchestrator.kept_models.features import LearnedFeatures, read_features
from orchestrator.kept_models.load import MissingPartError, load_trained
from reports.figures.style import Drawing
from reports.ledger.record import Record
from reports.model_figures.embedding import Panel, draw_embedding
from search_spaces.study import RowRef

XIA_FULL = RowRef("modules", "MER-SEM-MBT")
LE_FULL = RowRef("components", "+ Transformer-based Fusion + Emotion-level Embedding")

XIA_NAME = "MER-SEM-MBT (Xia et al.)"


class FeaturePanel(NamedTuple):
    """A panel of Xia et al.'s Figure 6."""

    title: str
    row: RowRef
    modality: Modality


FIGURE_6 = (
    FeaturePanel("SER without SEM", RowRef("unimodal", "SER (audio)"), "audio"),
    FeaturePanel("SER with SEM", RowRef("unimodal", "SER with SEM (audio, text)"), "audio"),
    FeaturePanel("MER-SEM-MBT, sound", XIA_FULL, "audio"),
    FeaturePanel("FER without SEM", RowRef("unimodal", "FER (faces)"), "vision"),
    FeaturePanel("FER with SEM", RowRef("unimodal", "FER with SEM (faces, text)"), "vision"),
    FeaturePanel("MER-SEM-MBT, faces", XIA_FULL, "vision"),
)


def draw_model_figures(
    trials: Trials, storage: Path, *, device: torch.device | None = None
) -> tuple[list[Drawing], list[str]]:
    """Draw all figures of trained models that can be drawn.

    Each figure uses the lowest seed for which the models of all its rows are kept, so scores do not
    affect the choice. A figure is skipped if none of its rows has a finished trial.

    Args:
        trials: The finished trials of one corpus and scale, by row; they may contain rows that no
            figure needs.
        storage: Where their models and their corpus are.
        device: Where to run the models; by default the current GPU, else the CPU.

    Returns:
        The drawings, and a sentence about each figure that cannot be drawn.
    """
    device = device or default_device()
    drawings, reasons = [], []
    for name, figure in FIGURES.items():
        if not any(trials.get(row) for row in figure.rows):
            continue
        try:
            drawings.append(figure.draw(trials, storage, device))
        except (
            CorpusError,
            KeptModelError,
            MissingPartError,
            NotDrawnError,
            WeightsError,
        ) as error:
            reasons.append(f"{name} is not drawn: {error}")
    return drawings, reasons


def draw_features(trials: Trials, storage: Path, device: torch.device) -> Drawing:
    """Draw Xia et al.'s Figure 6: features of sound and faces, without the decision from text.

    Raises:
        NotDrawnError: If models are missing, or no utterance has exactly one emotion.
        CorpusError, KeptModelError, MissingPartError, WeightsError: As `load_trained`.
    """
    records = with_kept_models(trials, [panel.row for panel in FIGURE_6], storage)
    learned = {
        row: read_features(load_trained(record, storage, device=device))
        for row, record in records.items()
    }
    emotions = next(iter(records.values())).result.emotions
    panels = [
        Panel(panel.title, *_of_one_emotion(learned[panel.row], panel.modality, emotions))
        for panel in FIGURE_6
    ]
    num_all = len(learned[XIA_FULL].predictions.ids)
    num_shown = len(panels[0].emotions)
    if not num_shown:
        raise NotDrawnError(f"none of {num_all} test utterances has exactly one emotion")
    left_out = num_all - num_shown
    return draw_embedding(
        panels,
        name="xia2022-figure-6",
        title="Learned features of sound and faces",
        about=(
            "After Figure 6 of Xia et al.: what the last layer of the MLP of sound (A to C) and of "
            f"faces (D to F) reads, for the {num_shown} test utterances with exactly one emotion; "
            f"{left_out} with none or several are left out. {_place(records[XIA_FULL])}"
        ),
    )


def draw_attention(
    row: RowRef,
    model: str,
    draw: DrawAttention,
    trials: Trials,
    storage: Path,
    device: torch.device,
) -> Drawing:
    """Draw what the model of a row attends to in one test utterance.

    Raises:
        NotDrawnError, CorpusError, KeptModelError, MissingPartError, WeightsError: As
            `draw_features`, and if no clip can be shown.
    """
    record = with_kept_models(trials, [row], storage)[row]
    trained = load_trained(record, storage, device=device)
    clip = choose_clip(trained, storage)
    return draw(attend(trained, clip.index), clip, Told(model, _said(clip), _place(record)))


class ModelFigure(NamedTuple):
    """A figure, and the rows whose models it shows."""

    rows: tuple[RowRef, ...]
    draw: Callable[[Trials, Path, torch.device], Drawing]


def _attention_figure(row: RowRef, model: str, draw: DrawAttention) -> ModelFigure:
    return ModelFigure((row,), partial(draw_attention, row, model, draw))


FIGURES: dict[str, ModelFigure] = {
    "Figure 6 of Xia et al. (features)": ModelFigure(
        tuple(panel.row for panel in FIGURE_6), draw_features
    ),
    "the attention of semantic enhancement (Xia et al.)": ModelFigure(
        (XIA_FULL,), partial(draw_attention, XIA_FULL, XIA_NAME, draw_sites)
    ),
    "the attention of the bottleneck (Xia et al.)": ModelFigure(
        (XIA_FULL,), partial(draw_attention, XIA_FULL, XIA_NAME, draw_bottleneck)
    ),
    "the attention of fusion and decoder (Le et al.)": ModelFigure(
        (LE_FULL,), partial(draw_attention, LE_FULL, "the full model of Le et al.", draw_fusion)
    ),
}
"""Every figure that needs trained models."""


def _of_one_emotion(
    learned: LearnedFeatures, modality: Modality, emotions: Sequence[str]
) -> tuple[NDArray[np.float32], NDArray[np.str_]]:
    labels = learned.predictions.labels
    has_one = labels.sum(1) == 1
    names = np.array(emotions)[labels[has_one].argmax(1)]
    return learned.features[modality][has_one], names


def _said(clip: ShownClip) -> str:
    """Say which utterance is shown, and how it was chosen."""
    return (
        f"while it reads '{clip.text.strip()}' ({clip.id}: the first test utterance by id with a "
        "text and a face in every window)"
    )


def _place(record: Record) -> str:
    trial = record.trial
    return f"Corpus {trial.corpus.name}, seed {trial.seed_text}: the lowest that is kept."
