"""Frozen prefixes: which groups they are, and models that read their maps instead of pictures."""

from dataclasses import replace
from typing import Any

import pytest
import torch

from models.build import build
from models.builders.prefix import build_prefix, let_read_maps
from models.configs.base import SystemConfig
from models.configs.cmha import CmhaConfig
from models.configs.conv import ResnetConfig, VggishConfig
from models.configs.xia import SemConfig, XiaConfig
from models.init import init_weights
from search_spaces.catalogue import find_study
from tests.models.checkpoints import with_conv, write_conv
from tests.models.factories import TASK
from tests.models.xia_factory import CMHA, change, xia_utterances


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory: pytest.TempPathFactory) -> XiaConfig:
    folder = write_conv(tmp_path_factory.mktemp("checkpoints"))
    return with_conv(folder / "resnet18.pth", folder / "vggish.pth")


def with_sems(config: XiaConfig, *sem_after: str, **sem: Any) -> XiaConfig:
    """Change after which groups of faces a SEM stands; none stands in the encoder of sound."""
    return change(
        config,
        audio=config.audio.model_copy(update={"sem_after": ()}),
        vision=config.vision.model_copy(update={"sem_after": sem_after}),
        sem=SemConfig(**sem),
    )


def cmha(config: XiaConfig) -> CmhaConfig:
    plain = {"audio": VggishConfig, "vision": ResnetConfig}
    encoders = {
        name: kind(**getattr(config, name).model_dump(exclude={"sem_after"}))
        for name, kind in plain.items()
    }
    return CMHA.model_copy(update=encoders)


@pytest.mark.parametrize(
    ("sem_after", "unfreeze", "prefix"),
    [
        ((), False, ("conv1", "conv2", "conv3")),
        (("conv3", "conv5"), False, ("conv1", "conv2", "conv3")),
        (("conv2", "conv3"), False, ("conv1", "conv2")),
        (("conv1",), False, ("conv1",)),
        (("conv1",), True, ("conv1",)),
    ],
)
def test_first_sem_ends_the_prefix(
    checkpoints: XiaConfig, sem_after: tuple[str, ...], unfreeze: bool, prefix: tuple[str, ...]
) -> None:
    config = with_sems(checkpoints, *sem_after, unfreeze_after=unfreeze)
    assert config.frozen_prefixes["vision"] == prefix
    assert build_prefix(config, "vision").prefix == prefix


def test_group_that_learns_ends_the_prefix(checkpoints: XiaConfig) -> None:
    vision = checkpoints.vision.model_copy(update={"frozen": ("conv2", "conv3")})
    config = change(checkpoints, vision=vision)
    assert config.frozen_prefixes == {"audio": ("conv1", "conv2"), "vision": ()}


def test_only_the_encoders_of_pictures_at_paper_scale_have_a_prefix() -> None:
    """Nothing is frozen at the other scales, and every text encoder learns."""
    prefixes = {
        scale: {
            name: dict(config.model.frozen_prefixes)
            for name, config in find_study("systems").configs("iemocap", scale).items()
            if any(config.model.frozen_prefixes.values())
        }
        for scale in ("tiny", "small", "paper")
    }
    both = {"audio": ("conv1", "conv2"), "vision": ("conv1", "conv2", "conv3")}
    assert prefixes == {
        "tiny": {},
        "small": {},
        "paper": {"CMHA (reconstructed)": both, "MER-SEM-MBT": both},
    }


@pytest.mark.parametrize("precision", [torch.float32, torch.bfloat16], ids=["fp32", "bf16"])
@pytest.mark.parametrize("row", ["mer", "sem", "early_sem", "cmha"])
def test_model_that_reads_maps_computes_and_learns_the_same(
    checkpoints: XiaConfig, row: str, precision: torch.dtype
) -> None:
    rows: dict[str, SystemConfig] = {
        "mer": with_sems(checkpoints),
        "sem": checkpoints,
        "early_sem": with_sems(checkpoints, "conv2", "conv3"),
        "cmha": cmha(checkpoints),
    }
    config = rows[row]
    pictures = xia_utterances()
    with torch.autocast("cpu", torch.bfloat16, enabled=precision == torch.bfloat16):
        with torch.inference_mode():
            maps = build_prefix(config, "vision").maps(pictures.faces)
        assert maps.dtype == precision
        outcomes = []
        for reads_maps in (False, True):
            model = build(config, TASK)
            init_weights(model, seed=0)
            if reads_maps:
                let_read_maps(model, "vision")
            torch.manual_seed(0)
            logits = model(replace(pictures, faces=maps.clone()) if reads_maps else pictures)
            logits.sum().backward()
            gradients = {name: p.grad for name, p in model.named_parameters() if p.grad is not None}
            outcomes.append((logits, gradients))
    (logits, gradients), (logits_of_maps, gradients_of_maps) = outcomes
    assert torch.equal(logits, logits_of_maps)
    assert gradients.keys() == gradients_of_maps.keys()
    assert all(torch.equal(gradients[name], gradients_of_maps[name]) for name in gradients)


def test_encoder_without_pictures_has_no_prefix_to_build(checkpoints: XiaConfig) -> None:
    with pytest.raises(TypeError, match="BertConfig encodes no pictures"):
        build_prefix(checkpoints, "text")
