"""The systems whose steps are measured, with their optimizer and schedule."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import torch
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.nn.functional import binary_cross_entropy_with_logits
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
from orchestrator.training.objective import Objective
from orchestrator.training.precision import Precision
from orchestrator.training.schedule import SCHEDULES
from orchestrator.training.state import TrainingState
from search_spaces.study import ANY_CORPUS, Baseline
from search_spaces.systems.dai import FE2E
from search_spaces.systems.le import LE
from search_spaces.systems.xia import XIA
from search_spaces.terms import Scale
from search_spaces.training import TrainingConfig
from search_spaces.trial import TrialConfig

LE_NAME = "Le"
SYSTEMS: Mapping[str, Baseline] = {"FE2E": FE2E, LE_NAME: LE, "MER-SEM-MBT": XIA}

BATCH_SIZE = 32
"""This batch size is measured besides the paper's own."""

POSITIVE_WEIGHT = 4.0
NUM_STEPS = 1000
"""The number of steps of the schedule."""

NUM_WARM_UP = 2
"""The steps before the timed ones: in these, libraries load and choose their kernels."""


def config_of(system: str, setting: Setting) -> TrialConfig:
    """Return a system with random weights; on a GPU it has the paper's scale."""
    scale: Scale = "paper" if setting.on_gpu else "tiny"
    return without_weights(SYSTEMS[system][scale][ANY_CORPUS])


def batch_sizes(config: TrialConfig, setting: Setting) -> list[int]:
    """Return the measured batch sizes, including the paper's own."""
    return sorted({BATCH_SIZE, config.training.batch_size}) if setting.on_gpu else [2]


def drawn(config: TrialConfig, num_utterances: int, *, seed: int = 0) -> Batch:
    """Draw a batch for a system, on the CPU.

    Raises:
        ValueError: If the system has no text encoder with a known vocabulary.
    """
    text = config.model.encoders.get("text")
    if not isinstance(text, TextConfig) or text.sizes is None:
        raise ValueError(f"system '{config.model.system}' has no vocabulary to draw tokens from")
    recipe = RECIPES[config.model.recipe]
    return draw_batch(num_utterances, recipe, text.sizes.vocabulary, seed=seed)


@dataclass(frozen=True)
class Trainee:
    """A model in training, in one precision."""

    state: TrainingState
    config: TrainingConfig
    precision: Precision

    def step(self, batch: Batch) -> None:
        """Take a step as a trial does, on a whole batch."""
        weights = torch.full_like(batch.labels[0], POSITIVE_WEIGHT)
        loss = partial(binary_cross_entropy_with_logits, pos_weight=weights)
        take_step(
            self.state,
            Objective("multilabel", loss, torch.sigmoid),
            self.config,
            batch,
            size=len(batch.labels),
            precision=self.precision,
        )

    def time(self, batch: Batch, *, min_s: float) -> Measurement:
        """Measure a step repeatedly, after some that are not timed."""
        for _ in range(NUM_WARM_UP):
            self.step(batch)
        timer = Timer(
            "step()",
            globals={"step": partial(self.step, batch)},
            num_threads=torch.get_num_threads(),
        )
        return timer.blocked_autorange(min_run_time=min_s)

    def count_flops(self, batch: Batch) -> int:
        """Count the FLOPs of a step, forward and backward; attention counts as its plain form."""
        counter = FlopCounterMode(display=False)
        with sdpa_kernel(SDPBackend.MATH), counter:
            self.step(batch)
        return counter.get_total_flops()


def our_trainee(config: TrialConfig, precision: Precision, device: torch.device) -> Trainee:
    """Make the model and its training state as a trial does."""
    state = untrained(_model(config, device), config.training, num_steps=NUM_STEPS)
    return Trainee(state, config.training, precision)


def plain_trainee(config: TrialConfig, device: torch.device) -> Trainee:
    """Make the model of a plain program: float32, with PyTorch's default optimizer settings."""
    model = _model(config, device)
    optimizer = Adam(model.parameters(), lr=1e-5)
    schedule = SCHEDULES["constant"](optimizer, config.training, NUM_STEPS)
    return Trainee(TrainingState(model, optimizer, schedule), config.training, "fp32")


def _model(config: TrialConfig, device: torch.device) -> nn.Module:
    model = build(config.model, TASK)
    init_weights(model, seed=0)
    return model.to(device).train()


def sent(config: TrialConfig, num_utterances: int, device: torch.device) -> Batch:
    """Draw a batch and move it to the device."""
    return moved(drawn(config, num_utterances), device)
