"""Metrics on test utterances that lack a modality, by their names: `f1_without_audio_50`."""

import re

from models.configs.base import MODALITIES
from search_spaces.metrics.metric import Metric, Withheld

_PERCENT = r"(?:_(\d+))?"
_NAME = re.compile(
    r"(?P<of>\w+?)_without(?=_)" + "".join(rf"(?P<{m}>_{m}{_PERCENT})?" for m in MODALITIES)
)
ALL = 100


def split_name(name: str) -> tuple[str, Withheld] | None:
    """Split a name into that of the whole metric and the modalities that are withheld.

    `f1_without_text_30_audio` withholds the text of 30 % of the test utterances, and the sound of
    all. None if the name is none of this kind.
    """
    match = _NAME.fullmatch(name)
    if match is None:
        return None
    given = {modality: match[modality] for modality in MODALITIES if match[modality]}
    percents = {m: int(part.removeprefix(f"_{m}").strip("_") or ALL) for m, part in given.items()}
    if not percents or not all(0 < percent <= ALL for percent in percents.values()):
        return None
    return match["of"], tuple(percents.items())


def join_name(of: str, withheld: Withheld) -> str:
    """Name the metric of which `split_name` gives these parts."""
    return f"{of}_without_{place_of(withheld)}"


def place_of(withheld: Withheld) -> str:
    """Name what is withheld: `text_30_audio`."""
    parts = (m if percent == ALL else f"{m}_{percent}" for m, percent in withheld)
    return "_".join(parts)


def describe(withheld: Withheld) -> str:
    """Say what is withheld, and of how many utterances: `text of 30 % and audio of all`."""
    parts = [f"{m} of {'all' if percent == ALL else f'{percent} %'}" for m, percent in withheld]
    return " and ".join(parts)


def without(metric: Metric, withheld: Withheld) -> Metric:
    """Return the metric on utterances that lack modalities."""
    update = {
        "name": join_name(metric.name, withheld),
        "of": metric.name,
        "header": f"{metric.header} without {describe(withheld)}",
        "withheld": withheld,
    }
    if metric.among_classes:
        update["among_classes"] = join_name(metric.among_classes, withheld)
    return metric.model_copy(update=update)
