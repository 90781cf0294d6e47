"""A user's own model in files, as a user writes it, for tests of all rooms."""

import importlib
from pathlib import Path
from typing import Any

from models.own.system import OwnSystem
from models.own.wrapping import own_system
from search_spaces.own.importing import user_code

HELPER = """
SCALE = 1.0
"""

NET = """
from typing import Literal

import torch
from torch import nn

from parts.scale import SCALE


class GateNet(nn.Module):
    def __init__(
        self,
        num_emotions: int,
        vocabulary: int,
        width: int = 8,
        gate: Literal["soft", "none"] = "soft",
        rates=(0.1, 0.2),
    ) -> None:
        super().__init__()
        self.words = nn.EmbeddingBag(vocabulary, width, padding_idx=0)
        self.sound = nn.Linear(128, width)
        self.gate = nn.Linear(2 * width, 2) if gate == "soft" else None
        self.head = nn.Linear(width, num_emotions)
        self.dropout = nn.Dropout(rates[0])

    def forward(self, batch):
        mels = batch.mels.split(batch.num_chunks)
        sound = torch.stack([one.log1p().mean((0, 1, 3)) for one in mels])
        both = torch.stack([self.words(batch.tokens), self.sound(sound)], dim=1)
        if self.gate is not None:
            both = self.gate(both.flatten(1)).softmax(1).unsqueeze(2) * both
        return self.head(self.dropout(both.mean(1))) * SCALE
"""

SYSTEM = """
from typing import Literal

from mmer_sweep import OwnSystem
from pydantic import PositiveInt

from gate import GateNet


class Gate(OwnSystem):
    recipe = "le"

    system: Literal["gate"] = "gate"
    width: PositiveInt = 8
    gate: Literal["soft", "none"] = "soft"

    def build(self, task):
        return GateNet(task.num_emotions, self.tokens.vocabulary, self.width, self.gate)
"""

STUDY = """
from mmer_sweep import Column, Row, Study, TrainingConfig, TrialConfig, own_system

from gate import GateNet

NET = own_system(GateNet, recipe="le", modalities=("text", "audio"))

SMALL = Study(
    name="small",
    title="A small study of an own model",
    baseline=TrialConfig(model=NET, training=TrainingConfig(max_epochs=1)),
    rows=(Row(name="soft"), Row(name="none", change={"model.gate": "none"})),
    columns={"*": (Column(metric="f1", header="F1"),)},
    seeds=(0, 1),
)
"""


def write_own_files(folder: Path, **others: str) -> Path:
    """Write the net, its helper in a package, and the system that builds it."""
    files = {"parts/scale.py": HELPER, "gate.py": NET, "system.py": SYSTEM}
    files |= {f"{module}.py": text for module, text in others.items()}
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def load(folder: Path, module: str, name: str) -> Any:
    """Import what a module in a user's folder defines, as a study file there does."""
    with user_code(folder):
        return getattr(importlib.import_module(module), name)


def wrap(folder: Path, module: str = "gate", *, recipe: str = "le", **settings: Any) -> OwnSystem:
    """Make a system of the net of a module, as a study file in the folder does."""
    with user_code(folder):
        net = importlib.import_module(module).GateNet
        return own_system(net, recipe=recipe, **settings)
