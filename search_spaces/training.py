"""How a model is trained: optimiser, schedule, loss, and how the epoch is chosen."""

from collections.abc import Iterable
from typing import Annotated, Literal, Self

from pydantic import (
    ConfigDict,
    Field,
    NonNegativeFloat,
    PositiveFloat,
    PositiveInt,
    model_validator,
)

from corpora.source.task import TaskKind
from models.configs.base import Config, Rate, later

Loss = Literal["bce", "cross_entropy", "focal", "l1", "mse"]

LOSSES: dict[TaskKind, tuple[Loss, ...]] = {
    "multilabel": ("bce", "focal"),
    "multiclass": ("cross_entropy", "focal"),
    "regression": ("l1", "mse"),
}
"""The losses of each kind of task; the first is the usual one."""

Selection = Literal[
    "best_valid_f1",
    "best_valid_wacc",
    "best_valid_acc",
    "best_valid_uar",
    "best_valid_ccc",
    "best_valid_mae",
    "best_valid_loss",
    "last",
]

SELECTIONS: dict[TaskKind, tuple[Selection, ...]] = {
    "multilabel": (
        *("best_valid_f1", "best_valid_wacc", "best_valid_acc", "best_valid_loss", "last"),
    ),
    "multiclass": (
        *("best_valid_f1", "best_valid_acc", "best_valid_uar", "best_valid_loss", "last"),
    ),
    "regression": (
        *("best_valid_f1", "best_valid_ccc", "best_valid_mae", "best_valid_loss", "last"),
    ),
}
"""How each kind of task can choose the epoch."""

DEFAULT_GAMMA = 2.0


class TrainingConfig(Config):
    """How a model is trained; defaults are those of Le et al. on IEMOCAP.

    `learning_rate` falls to 0 along a cosine over all steps (`schedule`), after a linear rise over
    the share `warmup` of them; with "plateau" it falls when the validation loss stops falling. If
    `patience` is given, training stops after so many epochs without a better one. The paper does
    not state warm-up, weight decay and gradient clipping (all off), nor how the epoch (`selection`)
    and the `thresholds` are chosen (both on the validation split); "fixed" thresholds are 0.5. The
    code base of EmoEmbs chooses the epoch by WAcc or accuracy at fixed thresholds. A task without
    F1, regression, chooses by CCC where `selection` says "best_valid_f1". `precision` "auto" is
    bfloat16 autocast on GPUs that compute in it and on CPUs with AMX, else float32; the record says
    which it was.

    The fields from `optimizer` on are not of the papers. `momentum` is that of "sgd". `loss` None
    is the usual loss of the corpus's task (`LOSSES`). With "balanced" `class_weights`, the
    positives of each emotion weigh as much as its negatives (Le et al., eq. 9), and each class as
    much as any other. `focal_gamma` is the exponent of the loss "focal". `label_smoothing` is the
    share of a label that is spread over all values. With "balanced" `sampling`, an epoch draws as
    many utterances as before, with replacement, and each class as often as any other.
    `auxiliary_losses` weigh the losses that a model returns beside its logits, by name; 1 if not
    named.
    """

    model_config = ConfigDict(allow_inf_nan=False)

    max_epochs: PositiveInt = 25
    batch_size: PositiveInt = 32
    learning_rate: PositiveFloat = 5e-4
    pretrained_learning_rate: PositiveFloat = 5e-5
    schedule: Literal["cosine", "constant", "plateau"] = "cosine"
    warmup: Rate = 0.0
    patience: PositiveInt | None = None
    weight_decay: float = Field(default=0.0, ge=0)
    clip_norm: PositiveFloat | None = None
    selection: Selection = "best_valid_f1"
    thresholds: Literal["valid_f1", "fixed"] = "valid_f1"
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    optimizer: Literal["adam", "adamw", "sgd"] = later("adam")
    momentum: Rate = later(0.0)
    loss: Loss | None = later(None)
    class_weights: Literal["balanced", "none"] = later("balanced")
    focal_gamma: Annotated[float, Field(ge=1)] = later(DEFAULT_GAMMA)
    label_smoothing: Rate = later(0.0)
    sampling: Literal["all", "balanced"] = later("all")
    auxiliary_losses: dict[str, NonNegativeFloat] = later({})

    @model_validator(mode="after")
    def _patience_needs_a_best_epoch(self) -> Self:
        if self.patience is not None and self.selection == "last":
            raise ValueError(
                "patience waits for a better epoch, but selection is 'last'; choose "
                "selection 'best_valid_f1' or patience None"
            )
        return self

    @model_validator(mode="after")
    def _plateau_does_not_warm_up(self) -> Self:
        if self.warmup and self.schedule == "plateau":
            raise ValueError("schedule 'plateau' has no warm-up; choose warmup 0")
        return self

    @model_validator(mode="after")
    def _fields_have_what_they_belong_to(self) -> Self:
        if self.momentum and self.optimizer != "sgd":
            raise ValueError(f"optimizer '{self.optimizer}' has no momentum; choose momentum 0")
        if self.focal_gamma != DEFAULT_GAMMA and self.loss != "focal":
            raise ValueError("focal_gamma is the exponent of the loss 'focal'; choose that loss")
        return self

    def __hash__(self) -> int:
        """Return the hash of its JSON, for a dict has none."""
        return hash(self.model_dump_json())

    def misfits(self, task: TaskKind) -> list[str]:
        """Say what of it does not fit a task, and what does."""
        faults = []
        if self.loss not in (None, *LOSSES[task]):
            faults.append(
                f"loss '{self.loss}' is none of the task {task}; {_choices(LOSSES[task])}"
            )
        if self.selection not in SELECTIONS[task]:
            faults.append(
                f"selection '{self.selection}' is none of the task {task}; "
                f"{_choices(SELECTIONS[task])}"
            )
        if self.sampling == "balanced" and task != "multiclass":
            faults.append(
                f"sampling 'balanced' needs classes, but the task is {task}; choose 'all'"
            )
        if self.label_smoothing and task == "regression":
            faults.append(
                "label_smoothing needs labels of 0 and 1, but the task is regression; choose 0"
            )
        return faults


def _choices(names: Iterable[str]) -> str:
    return f"choose from {', '.join(names)}"
