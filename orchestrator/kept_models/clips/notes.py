"""What a reader should know about a prediction: what the clip lacks, and what that costs."""

from collections.abc import Iterable

from corpora.source.rejects import Remark
from models.configs.base import Modality, SystemConfig
from models.configs.dai import MesmConfig
from models.configs.xia import XiaConfig
from reports.ledger.record import Record
from reports.prediction.prediction import valid_header, valid_score

REMARKS: dict[Remark, str] = {
    Remark.NO_FACE: "no face was found: the centre of each frame is used instead",
    Remark.SEVERAL_FACES: "several people are seen: one face of each frame is used",
    Remark.NO_FRAMES: "there is no picture: a black one is used instead",
    Remark.NO_SOUND: "there is no sound: silence is used instead",
    Remark.SHORT: "it is shorter than the interval between two frames: only one frame is used",
    Remark.ENDS_EARLY: "its pictures end before its sound: there are fewer than its length needs",
    Remark.DAMAGED: "parts of it are damaged, and were left out",
    Remark.CHANNELS_CANCEL: "the channels of its sound cancel each other: almost nothing is left",
    Remark.SEVERAL_SOUND_TRACKS: "it has several sound tracks",
}


def cost_of_no_text(record: Record, *, has_weight: bool) -> str:
    """Say what the lack of a text means for a model's predictions, as far as it is known.

    Args:
        record: The record of the model's trial.
        has_weight: Whether the prediction includes the weight of the text.
    """
    config = record.trial.config.model
    if not config.reads_text:
        missed = f"none is needed: this model reads only {listed(config.modalities)}"
        return f"no text was given, and {missed}"
    if config.modalities == ("text",):
        return (
            "no text was given, but this model reads only text: without text, it predicts the same "
            "for every clip"
        )
    parts = [f"it decides by {listed(config.modalities)}"]
    if has_weight:
        parts.append("the weight of the text says how much the empty text counts")
    if steered := _steered_by_text(config):
        parts.append(f"it uses the text when it reads {listed(steered)}")
    cost = f"Its validation {valid_header(record)} is {valid_score(record):.3f} with text"
    without = record.result.valid_f1_without_text
    cost += "" if without is None else f" and {without:.3f} without any"
    return f"no text was given, so this model reads an empty one: {'; '.join(parts)}. {cost}"


def _steered_by_text(config: SystemConfig) -> list[Modality]:
    """List the modalities whose encoders also read the text."""
    match config:
        case XiaConfig():
            after = {"audio": config.audio.sem_after, "vision": config.vision.sem_after}
            return [modality for modality in config.sequences if after[modality]]
        case MesmConfig():
            return [modality for modality in config.modalities if modality != "text"]
        case _:
            return []


def listed(names: Iterable[str]) -> str:
    """Join names as in a sentence: text, audio and vision."""
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last
