"""Would the seeds of a row train faster as one stacked model?

Several models of the tiny scale, which differ in their seed alone, take training steps one after
the other, and as one model by `torch.func`: their parameters are stacked, and `vmap` makes grouped
convolutions and batched matrix products of their layers. Both ways take turns, in one thread.

    python -m benchmarks.stacked_seeds

All seeds have the same batch here. So stacking looks better than it can be: seeds of a sweep draw
different batches, whose utterances would have to be padded to common lengths.
"""

import copy
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any, cast

import click
import torch
from rich.console import Console
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state, vmap
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.nn.functional import binary_cross_entropy_with_logits
from torch.optim import Adam, Optimizer

from benchmarks.drawn_batch import TASK, draw_batch
from benchmarks.measurement import Spread, markdown_table, this_machine
from corpora.batches.batch import Batch
from corpora.recipes.pictures import LE
from models.build import build
from models.configs.le import LeConfig, LeTextConfig
from models.encoders.vgg import Vgg
from models.init import init_weights
from search_spaces.catalogue import find_study
from search_spaces.trial import TrialConfig

STUDY = "components"
DRAWN = ("tokens", "token_mask", "faces", "mels", "labels")
"""The tensors of a batch."""

Step = Callable[[], Tensor]
"""Takes one training step of all seeds and returns their losses, (seeds,)."""


def build_models(config: TrialConfig, num_seeds: int) -> list[nn.Module]:
    """Build one model for each seed."""
    models = [build(config.model, TASK) for _ in range(num_seeds)]
    for seed, model in enumerate(models):
        init_weights(model, seed=seed)
    return models


def make_batch(config: TrialConfig) -> Batch:
    """Draw a batch of the size and the vocabulary of a row."""
    assert isinstance(config.model, LeConfig)
    assert isinstance(config.model.text, LeTextConfig)
    assert config.model.text.sizes is not None
    return draw_batch(config.training.batch_size, LE, config.model.text.sizes.vocabulary)


def loss_of(model: Callable[[Batch], Tensor], batch: Batch) -> Tensor:
    """Return the loss of one model."""
    return binary_cross_entropy_with_logits(model(batch), batch.labels)


def step_singly(models: Sequence[nn.Module], batch: Batch, learning_rate: float) -> Step:
    """Give each model steps of its own."""
    optimizers = [_adam(model.parameters(), learning_rate) for model in models]

    def step() -> Tensor:
        losses = []
        for model, optimizer in zip(models, optimizers, strict=True):
            loss = loss_of(model, batch)
            _descend(loss, optimizer)
            losses.append(loss.detach())
        return torch.stack(losses)

    return step


def step_stacked(models: Sequence[nn.Module], batch: Batch, learning_rate: float) -> Step:
    """Give copies of the models common steps."""
    stacked, buffers = stack_module_state(list(models))
    parameters = {name: one.detach().clone().requires_grad_() for name, one in stacked.items()}
    frame = copy.deepcopy(models[0]).to("meta")
    optimizer = _adam(parameters.values(), learning_rate)
    tensors = {name: torch.stack([getattr(batch, name)] * len(models)) for name in DRAWN}

    def loss_of_one(
        own: dict[str, Tensor], of_buffers: dict[str, Tensor], inputs: dict[str, Tensor]
    ) -> Tensor:
        model = partial(_call, frame, (own, of_buffers))
        own_batch: Batch = replace(batch, **cast(Any, inputs))
        return loss_of(model, own_batch)

    losses_of = vmap(loss_of_one, randomness="different")

    def step() -> Tensor:
        with _traceable(frame), sdpa_kernel(SDPBackend.MATH):  # others have no rule for `vmap`
            losses: Tensor = losses_of(parameters, buffers, tensors)
            _descend(losses.sum(), optimizer)
        return losses.detach()

    return step


def _call(frame: nn.Module, values: tuple[dict[str, Tensor], ...], batch: Batch) -> Tensor:
    logits: Tensor = functional_call(frame, values, (batch,))
    return logits


def _adam(parameters: Iterable[Tensor], learning_rate: float) -> Optimizer:
    return Adam(parameters, lr=learning_rate, fused=True)


def _descend(loss: Tensor, optimizer: Optimizer) -> None:
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    optimizer.step()


@contextmanager
def _traceable(model: nn.Module) -> Iterator[None]:
    """Let convolutions keep the order of memory that they get: `vmap` knows no other."""
    parts = [part for part in model.modules() if isinstance(part, Vgg)]
    for part in parts:
        vars(part)["forward"] = partial(_features, part)  # hides that of the class
    yield
    for part in parts:
        del vars(part)["forward"]


def _features(part: Vgg, pictures: Tensor) -> Tensor:
    features: Tensor = part.groups(pictures)
    return features.flatten(1)


def measure(config: TrialConfig, num_seeds: int, num_repeats: int) -> tuple[Spread, Spread, Spread]:
    """Measure both ways by turns; the first step of each is not timed.

    Returns:
        Seconds of a step of all seeds singly, and stacked, and the quotient of both.
    """
    batch, models = make_batch(config), build_models(config, num_seeds)
    ways = [
        make(models, batch, config.training.learning_rate) for make in (step_stacked, step_singly)
    ]
    pairs = []
    for number in range(num_repeats + 1):
        stacked_s, singly_s = (_time(way) for way in ways)
        if number:
            pairs.append((singly_s, stacked_s))
    return (
        Spread.of(singly for singly, _ in pairs),
        Spread.of(stacked for _, stacked in pairs),
        Spread.of(singly / stacked for singly, stacked in pairs),
    )


def _time(step: Step) -> float:
    """Return the seconds of the processor, which other processes do not change."""
    start = time.process_time()
    step()
    return time.process_time() - start


@click.command()
@click.option("--seeds", "num_seeds", default=5, show_default=True, type=click.IntRange(min=1))
@click.option("--repeats", "num_repeats", default=7, show_default=True, type=click.IntRange(min=1))
def main(num_seeds: int, num_repeats: int) -> None:
    """Measure all rows of the study and print a table."""
    console = Console()
    torch.set_num_threads(1)
    console.print(f"{this_machine(libraries=('torch',))}; {num_seeds} seeds, one thread\n")
    table = markdown_table("row", "singly, ms", "stacked, ms", "singly / stacked")
    for row, config in find_study(STUDY).configs("synthetic", "tiny").items():
        singly, stacked, gain = measure(config, num_seeds, num_repeats)
        in_ms = (
            f"{Spread.of(1000 * s for s in (one.median, one.least, one.most)):.0f}"
            for one in (singly, stacked)
        )
        table.add_row(row, *in_ms, f"{gain:.2f}")
    console.print(table)


if __name__ == "__main__":
    main()
