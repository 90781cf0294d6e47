import torch
from torch import nn

from models.fusion.sequences import (
    BottleneckFusion,
    BottleneckLayer,
    ConcatFusion,
    GatedFusion,
)
from models.init import init_weights
from models.parts.layers import EncoderLayer
from models.parts.sequence import Padded, pad
from models.parts.weighing import weights_of


def a_step(*rows):
    return pad(torch.tensor(rows), [1] * len(rows))


def bottleneck_fusion(*, depth):
    def layer():
        return EncoderLayer(width=4, num_heads=2, feed_forward=8, dropout=0.0)

    fusion = BottleneckFusion(
        num_tokens=2,
        width=4,
        layers=[BottleneckLayer(layer() for _ in range(2)) for _ in range(depth)],
    )
    init_weights(fusion, 0)
    return fusion.eval()


def sequence(*, num_steps, seed):
    states = torch.randn(1, num_steps, 4, generator=torch.Generator().manual_seed(seed))
    return Padded(states, torch.ones(1, num_steps, dtype=torch.bool))


def test_gated_fusion_with_open_and_closed_gates_passes_one_modality():
    fusion = GatedFusion(num_modalities=2, width=1, hidden=1)
    with torch.no_grad():
        for transform, weight in zip(fusion.transforms, (1.0, -1.0), strict=True):
            assert isinstance(transform, nn.Linear)
            transform.weight.fill_(weight)
        fusion.gates.linear.weight.copy_(torch.tensor([[100.0, 0.0], [-100.0, 0.0]]))
    fused = fusion(a_step([1.0]), a_step([2.0]))
    torch.testing.assert_close(fused.states, torch.tensor([[[1.0]]]).tanh())


def test_gates_are_what_each_feature_weighs_the_modalities_by():
    fusion = GatedFusion(num_modalities=2, width=3, hidden=5)
    with weights_of(fusion) as weights:
        fusion(a_step([1.0, 2, 3], [0, 0, 0]), a_step([1.0, 2, 3], [0, 0, 0]))
    assert weights["gates"].shape == (2, 5, 2)
    assert torch.equal(weights["gates"][1], torch.full((5, 2), 0.5))


def test_concatenation_keeps_the_first_states_as_they_are():
    text, vision = sequence(num_steps=3, seed=0), sequence(num_steps=2, seed=1)
    fused = ConcatFusion()(text, vision)
    assert torch.equal(fused.states[0, 0], torch.cat([text.states[0, 0], vision.states[0, 0]]))
    assert fused.mask.tolist() == [[True]]


def test_modalities_exchange_only_through_the_bottleneck():
    text, other = sequence(num_steps=3, seed=0), sequence(num_steps=3, seed=1)
    vision = sequence(num_steps=2, seed=2)
    one, two = bottleneck_fusion(depth=1), bottleneck_fusion(depth=2)
    # After one layer the bottleneck knows the text, but vision has only met its initial value.
    assert torch.equal(one(text, vision).states[:, 5:], one(other, vision).states[:, 5:])
    assert not torch.allclose(one(text, vision).states[:, :2], one(other, vision).states[:, :2])
    assert not torch.allclose(two(text, vision).states[:, 5:], two(other, vision).states[:, 5:])


def test_bottleneck_is_the_mean_of_its_copies():
    fusion = bottleneck_fusion(depth=1)
    text, vision = sequence(num_steps=3, seed=0), sequence(num_steps=2, seed=2)
    copies = []
    for layer in fusion.layers[0].layers:
        layer.register_forward_hook(lambda _, __, out: copies.append(out[:, -2:]))
    torch.testing.assert_close(fusion(text, vision).states[:, :2], torch.stack(copies).mean(0))
