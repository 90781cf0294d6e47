"""VGGish, against a network written out from the published file's names."""

from itertools import pairwise

import pytest
import torch
from torch import nn
from torch.nn import functional

from models.builders.conv import build_conv_encoder
from models.configs.conv import VggishConfig
from models.encoders.vggish import vggish_maps
from models.parts.sem import text_of_frames
from models.parts.sequence import Padded

BASE_CHANNELS, HIDDEN, EMBEDDING = 4, 8, 6
GROUPS = ((0,), (3,), (6, 8), (11, 13))  # numbers of the convolutions in the file
CHANNELS = (1, 1, 2, 4, 4, 8, 8)  # of the input, then of each convolution


def published(*, seed=0):
    """Draw a state dict of the names and shapes of the published file, narrower."""
    generator = torch.Generator().manual_seed(seed)
    state: dict[str, tuple[int, ...]] = {}
    before = 1
    for number, factor in zip(sum(GROUPS, ()), CHANNELS[1:], strict=True):
        after = factor * BASE_CHANNELS
        state[f"features.{number}.weight"] = (after, before, 3, 3)
        state[f"features.{number}.bias"] = (after,)
        before = after
    sizes = (6 * 4 * before, HIDDEN, HIDDEN, EMBEDDING)
    for number, (width, length) in enumerate(pairwise(sizes)):
        state[f"embeddings.{2 * number}.weight"] = (length, width)
        state[f"embeddings.{2 * number}.bias"] = (length,)
    return {name: torch.randn(shape, generator=generator) / 3 for name, shape in state.items()}


def reference(state, chunk):
    """Compute what VGGish makes of one chunk, (1, 96, 64)."""
    x = chunk[None]
    for group in GROUPS:
        for number in group:
            weight, bias = state[f"features.{number}.weight"], state[f"features.{number}.bias"]
            x = functional.conv2d(x, weight, bias, padding=1).relu()
        x = functional.max_pool2d(x, 2)
    _, channels, height, width = x.shape
    sites = [x[0, :, row, column] for row in range(height) for column in range(width)]
    vector = torch.cat(sites)
    assert len(vector) == channels * height * width
    for number in (0, 2, 4):
        weight, bias = state[f"embeddings.{number}.weight"], state[f"embeddings.{number}.bias"]
        vector = (weight @ vector + bias).relu()
    return vector


def vggish(weights, **fields):
    config = VggishConfig(
        weights=str(weights),
        base_channels=BASE_CHANNELS,
        hidden=HIDDEN,
        embedding=EMBEDDING,
        **fields,
    )
    return build_conv_encoder(config, frozen=config.frozen, enhance={})


def no_text(num_frames):
    empty = Padded(torch.ones(1, 1, 0), torch.ones(1, 1, dtype=torch.bool))
    return text_of_frames(empty, [num_frames])


@torch.no_grad()
def test_published_weights_compute_what_they_are_published_for(tmp_path):
    state = published()
    torch.save(state, tmp_path / "vggish.pth")
    encoder, width = vggish(tmp_path / "vggish.pth")
    chunks = torch.randn(2, 1, 96, 64, generator=torch.Generator().manual_seed(1))
    expected = torch.stack([reference(state, chunk) for chunk in chunks])
    assert width == EMBEDDING
    assert expected.any()
    torch.testing.assert_close(encoder.eval()(chunks, no_text(2)), expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("convs", [(1, 1, 2, 2), (1, 1, 1, 1)])
@pytest.mark.parametrize(("height", "width"), [(96, 64), (48, 32)])
def test_maps_have_the_stated_shapes(height, width, convs):
    pool = (96 // height, 64 // width)
    encoder, _ = vggish("random", frozen=(), pool=pool, convs_per_group=convs)
    found = [
        len([one for one in group.modules() if isinstance(one, nn.Conv2d)])
        for group in encoder.groups.values()
    ]
    assert tuple(found) == convs
    shapes = {}
    for name, group in encoder.groups.items():
        group.register_forward_hook(lambda _, __, out, name=name: shapes.update({name: out.shape}))
    encoder(torch.randn(2, 1, 96, 64), no_text(2))
    stated = vggish_maps(base_channels=BASE_CHANNELS, height=height, width=width)
    assert {name: tuple(shape[1:]) for name, shape in shapes.items()} == stated


def test_maps_at_the_papers_sizes():
    maps = vggish_maps(base_channels=64, height=96, width=64)
    assert (maps["conv2"], maps["conv4"]) == ((128, 24, 16), (512, 6, 4))
