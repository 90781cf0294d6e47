"""Reading what parts of a model return while it runs, such as features and maps."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial

from torch import Tensor, nn


@contextmanager
def outputs_of(parts: Mapping[str, nn.Module]) -> Iterator[dict[str, list[Tensor]]]:
    """Collect what some parts of a model return: one tensor for each part and run.

        with outputs_of({"audio": model.decide["audio"][1]}) as outputs:
            predict(model, ...)

    Outside of the context, nothing is collected.
    """
    outputs: dict[str, list[Tensor]] = {name: [] for name in parts}

    def collect(name: str, _part: nn.Module, _inputs: object, output: Tensor) -> None:
        outputs[name].append(output.detach())

    handles = [part.register_forward_hook(partial(collect, name)) for name, part in parts.items()]
    try:
        yield outputs
    finally:
        for handle in handles:
            handle.remove()
