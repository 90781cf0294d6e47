"""What a trained model attends to in its forward pass on one utterance."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from models.fusion.cross_modal import BottleneckTransformer, CompressExpand
from models.parts.heads import EmotionClassifier
from models.parts.outputs import outputs_of
from models.parts.sem import SemanticEnhancement, SiteWeights
from models.parts.transformer import ClsToken, Transformer
from models.parts.weighing import weights_of
from models.systems.sequence_fusion import SequenceFusionModel
from models.systems.xia import XiaModel
from orchestrator.kept_models.blanks import AnyBatch
from orchestrator.kept_models.load import LoadedModel, MissingPartError, TrainedModel

CLS = "fused [CLS]"
"""The learned [CLS] of the fusion, not the one that the tokenizer puts before the text."""

SEQUENCES = ("audio", "vision")
"""The modalities that a bottleneck connects."""

Weights = NDArray[np.float32]


@dataclass(frozen=True)
class Attended:
    """A model, its prediction for one utterance, and the attention weights behind it.

    Attributes:
        trained: The model.
        logits: (1, K)
        weights: The weights of each part that has some, by its name.
        maps: The height and width of the map at each semantic enhancement, by its name.
    """

    trained: TrainedModel
    logits: Tensor
    weights: Mapping[str, Tensor]
    maps: Mapping[str, tuple[int, int]]


class BottleneckWeights(NamedTuple):
    """How the tokens of a bottleneck weigh the windows, and how each window weighs the tokens.

    Shapes:
        write, read: (num_tokens, T) for each modality; the rows of `write` add up to 1 over the
            windows, the columns of `read` add up to 1 over the tokens
    """

    write: dict[str, Weights]
    read: dict[str, Weights]


class FusionWeights(NamedTuple):
    """How [CLS] weighs the fused steps, and how each emotion does if there is a decoder.

    Shapes:
        weights: (Q, T); columns are [CLS] itself, then the steps of each modality; rows add up to 1
    """

    queries: tuple[str, ...]
    weights: Weights


def attend(trained: LoadedModel, index: int) -> Attended:
    """Predict one test utterance, given by its index, alone and in the trial's precision."""
    batches: Iterator[AnyBatch] = trained.corpus.splits["test"].in_order(1)
    return attend_to(trained, next(islice(batches, index, None)))


def attend_to(trained: TrainedModel, batch: AnyBatch) -> Attended:
    """Predict a batch of one utterance in the trial's precision."""
    model = trained.model
    queries = {
        name: part.query
        for name, part in model.named_modules()
        if isinstance(part, SemanticEnhancement)
    }
    device, bf16 = batch.labels.device, trained.record.circumstances.precision == "bf16"
    with (
        torch.inference_mode(),
        torch.autocast(device.type, torch.bfloat16, enabled=bf16),
        outputs_of(queries) as maps,
        weights_of(model) as weights,
    ):
        logits = model(batch)
    sizes = {name: (tensor.shape[2], tensor.shape[3]) for name, (tensor,) in maps.items()}
    return Attended(trained, logits, dict(weights), sizes)


def site_weights(attended: Attended) -> dict[str, dict[str, Weights]]:
    """Return how the semantic enhancements weigh the sites of their maps.

    Shapes:
        -> (N, H, W), one for each picture, by modality and group

    Raises:
        MissingPartError: If the model has no semantic enhancement that weighs sites.
    """
    found: dict[str, dict[str, Weights]] = {}
    for name, part in attended.trained.model.named_modules():
        if isinstance(part, SemanticEnhancement) and isinstance(part.attend, SiteWeights):
            _, modality, *_, group, _ = name.split(".")  # branches.audio.backbone.groups.conv2. ...
            weights = attended.weights[f"{name}.attend"].unflatten(1, attended.maps[name])
            found.setdefault(modality, {})[group] = _array(weights)
    if not found:
        raise _missing(attended.trained, "semantic enhancement that weighs sites")
    return found


def bottleneck_weights(attended: Attended) -> BottleneckWeights:
    """Return the weights of the last layer of the bottleneck, averaged over its heads.

    Raises:
        MissingPartError: If the model has no bottleneck that is written and read (UMT's).
    """
    model = attended.trained.model
    if not (
        isinstance(model, XiaModel)
        and isinstance(model.cross, BottleneckTransformer)
        and isinstance(model.cross.layers[-1], CompressExpand)
    ):
        raise _missing(attended.trained, "bottleneck that is written and read")
    layer = f"cross.layers.{len(model.cross.layers) - 1}"
    write = {name: _mean_head(attended, f"{layer}.compress.{name}") for name in SEQUENCES}
    read = {name: _mean_head(attended, f"{layer}.expand.{name}").T for name in SEQUENCES}
    return BottleneckWeights(write, read)


def fusion_weights(attended: Attended) -> FusionWeights:
    """Return the weights of the last layers of fusion and decoder, averaged over their heads.

    Raises:
        MissingPartError: If the model does not fuse by a transformer with a [CLS].
    """
    model = attended.trained.model
    if not (
        isinstance(model, SequenceFusionModel)
        and isinstance(model.fusion, Transformer)
        and isinstance(model.fusion.cls, ClsToken)
    ):
        raise _missing(attended.trained, "transformer with a [CLS] over all modalities")
    last = len(model.fusion.layers) - 1
    rows = [_mean_head(attended, f"fusion.layers.{last}.attention")[:1]]
    queries: tuple[str, ...] = (CLS,)
    if isinstance(model.head, EmotionClassifier):
        last = len(model.head.layers) - 1
        rows.append(_mean_head(attended, f"head.layers.{last}.cross_attention"))
        queries += attended.trained.record.result.emotions
    return FusionWeights(queries, np.concatenate(rows))


def _mean_head(attended: Attended, attention: str) -> Weights:
    """Average the attention of one utterance over its heads: (Q, T)."""
    return _array(attended.weights[f"{attention}.attend"][0].float().mean(0))


def _array(weights: Tensor) -> Weights:
    array: Weights = weights.float().cpu().numpy()
    return array


def _missing(trained: TrainedModel, part: str) -> MissingPartError:
    record = trained.record
    return MissingPartError(
        f"trial '{record.key}', system '{record.trial.config.model.system}', has no {part}; choose "
        "a trial of another row"
    )
