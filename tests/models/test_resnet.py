"""ResNet18, against torchvision's."""

import pytest
import torch
from torch import nn
from torchvision.models import resnet18
from torchvision.models.resnet import BasicBlock, ResNet

from models.builders.conv import build_conv_encoder
from models.configs.conv import ResnetConfig
from models.encoders.resnet import GlobalAverage, resnet_groups, resnet_maps, resnet_parts
from models.groups import parameter_groups
from tests.models.test_vggish import no_text


@pytest.fixture(scope="module")
def theirs():
    torch.manual_seed(0)
    model = resnet18().eval()
    for name, buffer in model.named_buffers():
        if name.endswith(("running_mean", "running_var")):
            buffer.uniform_(0.5, 1.5)
    return model


@pytest.fixture(scope="module")
def file(theirs, tmp_path_factory):
    path = tmp_path_factory.mktemp("weights") / "resnet18.pth"
    torch.save(theirs.state_dict(), path)
    return path


def resnet(weights, **fields):
    config = ResnetConfig(weights=str(weights), **fields)
    return build_conv_encoder(config, frozen=config.frozen, enhance={})


def faces(number=2, *, px=64):
    return torch.randn(number, 3, px, px, generator=torch.Generator().manual_seed(0))


@torch.no_grad()
def test_resnet18_computes_what_torchvisions_does(theirs, file):
    ours, width = resnet(file)
    expected = nn.Sequential(*[*theirs.children()][:-1], nn.Flatten())(faces())
    assert width == 512
    torch.testing.assert_close(ours.eval()(faces(), no_text(2)), expected, atol=1e-5, rtol=1e-5)


@torch.no_grad()
def test_a_block_a_group_computes_what_torchvisions_resnet_does_then():
    torch.manual_seed(0)
    theirs = ResNet(BasicBlock, [1, 1, 1, 1]).eval()
    groups = resnet_groups(base_channels=64, blocks_per_group=(1, 1, 1, 1))
    for name, part in resnet_parts(groups).items():
        part.load_state_dict(theirs.get_submodule(name).state_dict())
    layers = [layer for of_group in groups.values() for layer in of_group]
    ours = nn.Sequential(*layers, GlobalAverage()).eval()
    expected = nn.Sequential(*[*theirs.children()][:-1], nn.Flatten())(faces())
    torch.testing.assert_close(ours(faces()), expected, atol=1e-5, rtol=1e-5)


def statistics(group):
    return [buffer.clone() for name, buffer in group.named_buffers() if "running" in name]


def test_frozen_groups_neither_learn_nor_drift(file):
    ours, _ = resnet(file)
    ours.train()
    before = {name: statistics(group) for name, group in ours.groups.items()}
    ours(faces(), no_text(2)).sum().backward()
    for name, group in ours.groups.items():
        pairs = zip(before[name], statistics(group), strict=True)
        frozen = all(parameter.grad is None for parameter in group.parameters())
        assert all(torch.equal(old, new) for old, new in pairs) == frozen
        assert frozen == (name in ("conv1", "conv2", "conv3"))


def test_what_learns_of_a_checkpoint_learns_slowly(file):
    ours, _ = resnet(file)
    (group,) = parameter_groups(ours, base_lr=1e-4, pretrained_lr=1e-5)
    learning = [*ours.groups["conv4"].parameters(), *ours.groups["conv5"].parameters()]
    assert group["lr"] == 1e-5
    assert {*map(id, group["params"])} == {*map(id, learning)}


@pytest.mark.parametrize("px", [64, 50, 40])
def test_maps_have_the_stated_shapes(px):
    encoder, _ = resnet("random", frozen=(), base_channels=2, face_px=px)
    shapes = {}
    for name, group in encoder.groups.items():
        group.register_forward_hook(lambda _, __, out, name=name: shapes.update({name: out.shape}))
    encoder(faces(px=px), no_text(2))
    stated = resnet_maps(base_channels=2, height=px, width=px)
    assert {name: tuple(shape[1:]) for name, shape in shapes.items()} == stated


def test_maps_at_the_papers_sizes():
    maps = resnet_maps(base_channels=64, height=224, width=224)
    assert (maps["conv3"], maps["conv5"]) == ((128, 28, 28), (512, 7, 7))
