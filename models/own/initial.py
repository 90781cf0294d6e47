"""The initial values of a user's own model."""

import random
from zlib import crc32

import numpy as np
import torch
from torch import nn

from models.own.errors import OwnCodeError
from models.own.system import OwnSystem
from models.parts.rules import HasRules
from models.task import Task


def build_own(config: OwnSystem, task: Task, *, seed: int) -> nn.Module:
    """Build a model whose values are what its code draws after this seed.

    Modules of ours in it have the values that they have in built-in systems, by their names.

    Raises:
        OwnCodeError: If the code is not loaded, or builds no module.
    """
    random.seed(seed)
    np.random.seed(seed % 2**32)
    torch.manual_seed(seed)
    model = config.build(task)
    if not isinstance(model, nn.Module):
        raise OwnCodeError(
            f"'{config.code.file}': build of '{config.code.name}' returns a "
            f"{type(model).__name__}; let it return an nn.Module"
        )
    _init_ours(model, seed)
    return model.train()


@torch.no_grad()
def _init_ours(model: nn.Module, seed: int) -> None:
    for prefix, module in model.named_modules():
        if not isinstance(module, HasRules):
            continue
        for name, rule in module.rules().items():
            generator = torch.Generator().manual_seed(crc32(f"{seed}/{prefix}.{name}".encode()))
            rule(getattr(module, name), generator)
