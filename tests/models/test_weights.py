"""What holds for every checkpoint that a model begins with, whatever network it is of."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from transformers import AlbertModel, BertModel

from models.configs.base import SystemConfig
from models.groups import parameter_groups
from models.weights.find import weights_sha256
from tests.models.checkpoints import (
    draw_resnet,
    saved_text,
    with_albert,
    with_bert,
    with_conv,
    write_albert,
    write_bert,
    write_conv,
)
from tests.models.factories import initialised, utterances
from tests.models.test_vggish import published
from tests.models.xia_factory import initialised_xia, xia_utterances


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint, and a model that begins with it.

    `state` are tensors of the model by their names in `saved`; `is_of_it` says whether a parameter
    belongs to what the checkpoint gives. `files` are hashed under these names.
    """

    write: Callable[[Path], Path]
    config: Callable[[Path], SystemConfig]
    make: Callable[..., nn.Module]
    inputs: Callable[[], object]
    saved: Callable[[Path], Mapping[str, Tensor]]
    state: Callable[[nn.Module], Mapping[str, Tensor]]
    is_of_it: Callable[[str], bool]
    files: Mapping[str, str]


def part_of(model: nn.Module, kind: type[nn.Module]) -> nn.Module:
    return next(part for part in model.modules() if type(part) is kind)


def conv_state(model: nn.Module) -> dict[str, Tensor]:
    state = model.state_dict()
    places = {
        "features.8.weight": "audio.backbone.groups.conv3.convs.2.weight",
        "embeddings.4.bias": "audio.backbone.summarise.layers.4.bias",
        "conv1.weight": "vision.backbone.groups.conv1.convs.0.weight",
    }
    return {name: state[f"branches.{place}"] for name, place in places.items()}


TEXT_FILES = {
    f"text/{name}": name for name in ("config.json", "model.safetensors", "tokenizer.json")
}
CHECKPOINTS = {
    "albert": Checkpoint(
        write_albert,
        with_albert,
        initialised,
        utterances,
        saved_text,
        lambda model: part_of(model, AlbertModel).state_dict(),
        lambda name: name.startswith("branches.text.backbone."),
        TEXT_FILES,
    ),
    "bert": Checkpoint(
        write_bert,
        with_bert,
        initialised_xia,
        xia_utterances,
        saved_text,
        lambda model: part_of(model, BertModel).state_dict(),
        lambda name: name.startswith("branches.text.backbone."),
        TEXT_FILES,
    ),
    "conv": Checkpoint(
        write_conv,
        lambda folder: with_conv(folder / "resnet18.pth", folder / "vggish.pth"),
        initialised_xia,
        xia_utterances,
        lambda folder: {
            **{name: published()[name] for name in ("features.8.weight", "embeddings.4.bias")},
            "conv1.weight": draw_resnet()["conv1.weight"],
        },
        conv_state,
        lambda name: ".convs." in name or ".summarise." in name,
        {"audio/vggish.pth": "vggish.pth", "vision/resnet18.pth": "resnet18.pth"},
    ),
}
of_every_checkpoint = pytest.mark.parametrize("checkpoint", CHECKPOINTS.values(), ids=CHECKPOINTS)


@of_every_checkpoint
def test_checkpoint_values_survive_initialisation(checkpoint: Checkpoint, tmp_path: Path) -> None:
    folder = checkpoint.write(tmp_path)
    loaded = checkpoint.state(checkpoint.make(checkpoint.config(folder), seed=5))
    saved = checkpoint.saved(folder)
    assert saved.keys() == loaded.keys()
    assert all(torch.equal(saved[name], loaded[name]) for name in saved)


@of_every_checkpoint
def test_pretrained_model_runs(checkpoint: Checkpoint, tmp_path: Path) -> None:
    model = checkpoint.make(checkpoint.config(checkpoint.write(tmp_path))).eval()
    assert model(checkpoint.inputs()).isfinite().all()


@of_every_checkpoint
def test_only_what_the_checkpoint_gives_learns_at_the_pretrained_rate(
    checkpoint: Checkpoint, tmp_path: Path
) -> None:
    model = checkpoint.make(checkpoint.config(checkpoint.write(tmp_path)))
    base, slow = parameter_groups(model, base_lr=5e-4, pretrained_lr=5e-5)
    assert (base["lr"], slow["lr"]) == (5e-4, 5e-5)
    trained = {name: p for name, p in model.named_parameters() if p.requires_grad}
    given = {id(parameter) for name, parameter in trained.items() if checkpoint.is_of_it(name)}
    assert {*map(id, slow["params"])} == given
    assert {*map(id, base["params"])} == {*map(id, trained.values())} - given
    assert given


@of_every_checkpoint
def test_hashes_are_those_of_the_files(checkpoint: Checkpoint, tmp_path: Path) -> None:
    folder = checkpoint.write(tmp_path)
    assert weights_sha256(checkpoint.config(folder)) == {
        name: hashlib.sha256((folder / file).read_bytes()).hexdigest()
        for name, file in checkpoint.files.items()
    }
