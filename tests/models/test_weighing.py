import torch

from models.parts.layers import Attention
from models.parts.weighing import weights_of
from tests.models.factories import TINY, initialised, utterances


def test_attention_weights_are_softmax_of_scaled_scores():
    attention = Attention(width=2, num_heads=1, dropout=0.0)
    with torch.no_grad():
        attention.in_weight.copy_(torch.eye(2).repeat(3, 1))
        attention.in_bias.zero_()
    queries, memory = torch.randn(1, 3, 2), torch.randn(1, 4, 2)
    mask = torch.tensor([[True, True, True, False]])
    with weights_of(attention) as weights:
        attention(queries, memory, mask)
    scores = (queries @ memory.transpose(1, 2) / 2**0.5).masked_fill(~mask, -torch.inf)
    torch.testing.assert_close(weights["attend"], scores.softmax(-1)[:, None])


@torch.no_grad()
def test_a_model_tells_the_weights_of_its_fusion_and_its_decoder():
    model = initialised(TINY).eval()
    batch = utterances()
    with weights_of(model) as weights:
        logits = model(batch)
    fusion = weights["fusion.layers.0.attention.attend"]
    num_steps = 1 + 5 + 4 + 3  # [CLS], tokens, chunks, faces of the longest
    assert fusion.shape == (3, 2, num_steps, num_steps)
    decoder = weights["head.layers.0.cross_attention.attend"]
    assert decoder.shape == (3, 2, 6, num_steps)
    torch.testing.assert_close(decoder.sum(-1), torch.ones(3, 2, 6))
    assert torch.equal(logits, model(batch))
    assert not decoder[1, ..., 1 + 3 : 1 + 5].any(), "padded tokens weigh something"


def test_nobody_listens_afterwards():
    model = initialised(TINY)
    with weights_of(model):
        pass
    assert not any(part._forward_hooks for part in model.modules())
