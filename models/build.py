"""The only place that turns a config into modules, with the `builders` that it calls."""

from collections.abc import Callable
from typing import Any

from torch import nn

from models.builders.bimha import build_bimha
from models.builders.cmha import build_cmha
from models.builders.dai import build_fe2e, build_mesm
from models.builders.emoembs import build_emoembs
from models.builders.late_fusion import build_lf_lstm, build_lf_transformer
from models.builders.le import build_le
from models.builders.mult import build_mult
from models.builders.xia import build_xia
from models.configs.base import SystemConfig
from models.configs.bimha import BimhaConfig
from models.configs.cmha import CmhaConfig
from models.configs.dai import Fe2eConfig, MesmConfig
from models.configs.emoembs import EmoEmbsConfig
from models.configs.late_fusion import LfLstmConfig, LfTransformerConfig
from models.configs.le import LeConfig
from models.configs.mult import MultConfig
from models.configs.xia import XiaConfig
from models.init import init_weights
from models.own.initial import build_own
from models.own.system import OwnSystem
from models.task import Task

BUILDERS: dict[type[SystemConfig], Callable[[Any, Task], nn.Module]] = {
    LeConfig: build_le,
    XiaConfig: build_xia,
    CmhaConfig: build_cmha,
    Fe2eConfig: build_fe2e,
    MesmConfig: build_mesm,
    LfLstmConfig: build_lf_lstm,
    LfTransformerConfig: build_lf_transformer,
    EmoEmbsConfig: build_emoembs,
    MultConfig: build_mult,
    BimhaConfig: build_bimha,
}
"""The builder of each system, by the class of its config."""


def build(config: SystemConfig, task: Task) -> nn.Module:
    """Build a model that maps a batch of the config's recipe to logits (B, K), in train mode.

    It loads the values of a checkpoint; all others have no meaning (`build_anew`). Seed PyTorch's
    global random state (dropout) afterwards, because building draws from it.

    Raises:
        OwnCodeError: If the code of a user's own system is not loaded.
        ValueError: If a size of the config does not fit the features of the task.
        WeightsError: If a checkpoint that the config names is not available.
    """
    if isinstance(config, OwnSystem):
        return config.build(task).train()
    return BUILDERS[type(config)](config, task).train()


def build_anew(config: SystemConfig, task: Task, *, seed: int) -> nn.Module:
    """Build a model with its initial values.

    Raises:
        OwnCodeError, ValueError, WeightsError: As `build`.
    """
    if isinstance(config, OwnSystem):
        return build_own(config, task, seed=seed)
    model = build(config, task)
    init_weights(model, seed)
    return model
