"""What an encoder of pictures makes of a whole picture."""

from typing import Any

from torch import Tensor
from transformers import PreTrainedModel


def has_picture_state(model: PreTrainedModel) -> bool:
    """Tell whether an encoder has a [CLS] state."""
    embeddings = dict(model.named_children()).get("embeddings")
    return hasattr(embeddings, "cls_token") or hasattr(embeddings, "class_embedding")


def picture_state(outputs: Any, model: PreTrainedModel) -> Tensor:
    """Return the [CLS] state as the encoder gives it out, such as CLIP's after its last norm.

    A pooler is another thing: a layer that was trained for another task, and is often not kept.

    Shapes:
        -> (N, D)
    """
    has_pooler = "pooler" in dict(model.named_children())
    state: Tensor = outputs.last_hidden_state[:, 0] if has_pooler else outputs.pooler_output
    return state
