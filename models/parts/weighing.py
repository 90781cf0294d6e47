"""Reading the weights that a model gives its inputs, from its own forward pass."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from torch import Tensor, nn


class Weighing(nn.Module, ABC):
    """A part that weighs: attention over steps, over the sites of a map, over modalities."""

    @abstractmethod
    def weights(self, *inputs: Any, **named: Any) -> Tensor:
        """Return the weights that `forward` gives its inputs; the last axis is what is weighed.

        Call `self.forward`, not `self`: this runs in a hook of the latter.
        """


@contextmanager
def weights_of(model: nn.Module) -> Iterator[dict[str, Tensor]]:
    """Collect the weights of every part that weighs, by its name, while the model runs.

        with weights_of(model) as weights:
            logits = model(batch)

    A part that runs twice leaves its last weights. Outside of the context, nothing is kept or
    computed, so it costs no time.
    """
    weights: dict[str, Tensor] = {}

    def collect(name: str, part: Weighing, inputs: tuple[Tensor, ...], _: object) -> None:
        weights[name] = part.weights(*inputs).detach()

    handles = [
        part.register_forward_hook(partial(collect, name))
        for name, part in model.named_modules()
        if isinstance(part, Weighing)
    ]
    try:
        yield weights
    finally:
        for handle in handles:
            handle.remove()
