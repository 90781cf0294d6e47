"""The systems whose steps are measured, each with what trains it."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import torch
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.optim import Adam
from torch.utils.benchmark import Measurement, Timer
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.drawn_batch import TASK, draw_batch
from benchmarks.gpu_parts.figure import Setting
from benchmarks.system_costs import without_weights
from corpora.batches.batch import Batch
from corpora.batches.transfer import moved
from corpora.recipes.pictures import RECIPES
from models.build import build
from models.configs.text import TextConfig
from models.init import init_weights
from orchestrator.training.loop import take_step, untrained
from orchestrator.training.precision import Precision
from orchestrator.training.schedule import SCHEDULES
from orchestrator.training.state import TrainingState
from search_spaces.study import ANY_CORPUS, Baseline
from search_spaces.systems.dai import FE2E
from search_spaces.systems.le import LE
from search_spaces.systems.xia import XIA
from search_spaces.terms import Scale
from search_spaces.trial import TrainingConfig, TrialConfig

LE_NAME = "Le"
SYSTEMS: Mapping[str, Baseline] = {"FE2E": FE2E, LE_NAME: LE, "MER-SEM-MBT": XIA}

BATCH_SIZE = 32
"""Beside the paper's own."""

POSITIVE_WEIGHT = 4.0
NUM_STEPS = 1000
"""Of the schedule."""

NUM_WARM_UP = 2
"""Steps before any that is timed: libraries load, and choose their kernels."""


def config_of(system: str, setting: Setting) -> TrialConfig:
    """Return a system with random weights, at the paper's scale where there is a GPU."""
    scale: Scale = "paper" if setting.on_gpu else "tiny"
    return without_weights(SYSTEMS[system][scale][ANY_CORPUS])


def batch_sizes(config: TrialConfig, setting: Setting) -> list[int]:
    """Return the sizes that are measured, the paper's own among them."""
    return sorted({BATCH_SIZE, config.training.batch_size}) if setting.on_gpu else [2]


def drawn(config: TrialConfig, num_utterances: int, *, seed: int = 0) -> Batch:
    """Draw a batch for a system, on the CPU.

    Raises:
        ValueError: If the system reads no text by a vocabulary of known size.
    """
    text = config.model.encoders.get("text")
    if not isinstance(text, TextConfig) or text.sizes is None:
        raise ValueError(f"{config.model.system} has no vocabulary to draw tokens from")
    recipe = RECIPES[config.model.recipe]
    return draw_batch(num_utterances, recipe, text.sizes.vocabulary, seed=seed)


@dataclass(frozen=True)
class Trainee:
    """A model that trains, in one precision."""

    state: TrainingState
    config: TrainingConfig
    precision: Precision

    def step(self, batch: Batch) -> None:
        """Take the step that a trial takes, of a whole batch."""
        weights = torch.full_like(batch.labels[0], POSITIVE_WEIGHT)
        take_step(
            self.state,
            weights,
            self.config,
            batch,
            size=len(batch.labels),
            precision=self.precision,
        )

    def time(self, batch: Batch, *, min_s: float) -> Measurement:
        """Measure a step again and again, after some that are not timed."""
        for _ in range(NUM_WARM_UP):
            self.step(batch)
        timer = Timer(
            "step()",
            globals={"step": partial(self.step, batch)},
            num_threads=torch.get_num_threads(),
        )
        return timer.blocked_autorange(min_run_time=min_s)

    def count_flops(self, batch: Batch) -> int:
        """Count those of a step, forward and backward; attention as its plain form has them."""
        counter = FlopCounterMode(display=False)
        with sdpa_kernel(SDPBackend.MATH), counter:
            self.step(batch)
        return counter.get_total_flops()


def our_trainee(config: TrialConfig, precision: Precision, device: torch.device) -> Trainee:
    """Make what a trial makes: a model, and what trains it."""
    state = untrained(_model(config, device), config.training, num_steps=NUM_STEPS)
    return Trainee(state, config.training, precision)


def plain_trainee(config: TrialConfig, device: torch.device) -> Trainee:
    """Make the model of a plain program: float32, and an optimizer with PyTorch's defaults."""
    model = _model(config, device)
    optimizer = Adam(model.parameters(), lr=1e-5)
    schedule = SCHEDULES["constant"](optimizer, config.training, NUM_STEPS)
    return Trainee(TrainingState(model, optimizer, schedule), config.training, "fp32")


def _model(config: TrialConfig, device: torch.device) -> nn.Module:
    model = build(config.model, TASK)
    init_weights(model, seed=0)
    return model.to(device).train()


def sent(config: TrialConfig, num_utterances: int, device: torch.device) -> Batch:
    """Draw a batch, and move it."""
    return moved(drawn(config, num_utterances), device)
