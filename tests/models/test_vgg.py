import pytest
import torch
from torch import nn

from models.configs.le import VGG19
from models.encoders.vgg import Vgg, num_features
from models.init import init_weights


@pytest.mark.parametrize(("channels", "height", "width"), [(3, 64, 64), (1, 128, 32), (3, 32, 32)])
def test_a_picture_becomes_a_vector(channels, height, width):
    vgg = Vgg(in_channels=channels, base_channels=2, convs_per_group=VGG19, batch_norm=True)
    features = vgg(torch.randn(2, channels, height, width))
    expected = num_features(base_channels=2, height=height, width=width)
    assert features.shape == (2, expected)


@pytest.mark.parametrize("channels", [1, 3])
def test_activations_stay_channels_last(channels):
    vgg = Vgg(in_channels=channels, base_channels=4, convs_per_group=VGG19, batch_norm=True)
    init_weights(vgg, 0)
    formats = []
    first = vgg.groups[0]
    assert isinstance(first, nn.Sequential)
    for block in first[:2]:
        block.register_forward_hook(
            lambda _, __, out: formats.append(
                out.is_contiguous(memory_format=torch.channels_last) and not out.is_contiguous()
            )
        )
    vgg(torch.randn(2, channels, 64, 64))
    assert formats == [True, True]


def test_signal_survives_sixteen_convolutions_without_batch_norm():
    vgg = Vgg(in_channels=3, base_channels=8, convs_per_group=VGG19, batch_norm=False)
    init_weights(vgg, 0)
    assert 0.1 < vgg(torch.randn(4, 3, 64, 64)).std() < 10
