"""Against PyTorch's own layers, which compute the same equations."""

import torch
from torch import nn

from models.init import init_weights
from models.parts.layers import Attention, DecoderLayer, EncoderLayer


def copy_attention(ours, theirs):
    theirs.in_proj_weight.copy_(ours.in_weight)
    theirs.in_proj_bias.copy_(ours.in_bias)
    theirs.out_proj.weight.copy_(ours.out_weight)
    theirs.out_proj.bias.copy_(ours.out_bias)


def copy_feed_forward(ours, theirs):
    theirs.linear1.load_state_dict(ours.expand.state_dict())
    theirs.linear2.load_state_dict(ours.contract.state_dict())


@torch.no_grad()
def test_encoder_layer_equals_pytorch():
    ours = EncoderLayer(width=8, num_heads=2, feed_forward=16, dropout=0.1).eval()
    init_weights(ours, 0)
    theirs = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True).eval()
    copy_attention(ours.attention, theirs.self_attn)
    copy_feed_forward(ours.feed_forward, theirs)
    states, mask = torch.randn(2, 5, 8), torch.tensor([[True] * 5, [True] * 3 + [False] * 2])
    expected = theirs(states, src_key_padding_mask=~mask)
    torch.testing.assert_close(ours(states, mask)[mask], expected[mask])


@torch.no_grad()
def test_decoder_layer_equals_pytorch():
    ours = DecoderLayer(width=8, num_heads=2, feed_forward=16, dropout=0.1).eval()
    init_weights(ours, 0)
    theirs = nn.TransformerDecoderLayer(8, 2, 16, batch_first=True).eval()
    copy_attention(ours.self_attention, theirs.self_attn)
    copy_attention(ours.cross_attention, theirs.multihead_attn)
    copy_feed_forward(ours.feed_forward, theirs)
    queries, memory = torch.randn(2, 3, 8), torch.randn(2, 5, 8)
    mask = torch.tensor([[True] * 5, [True] * 3 + [False] * 2])
    expected = theirs(queries, memory, memory_key_padding_mask=~mask)
    torch.testing.assert_close(ours(queries, memory, mask), expected)


def test_attention_with_equal_scores_averages_the_real_values():
    attention = Attention(width=1, num_heads=1, dropout=0.0)
    with torch.no_grad():
        attention.in_weight.copy_(torch.tensor([[0.0], [0.0], [1.0]]))  # equal scores, V = memory
        attention.in_bias.zero_()
        attention.out_weight.fill_(2.0)
        attention.out_bias.fill_(0.5)
    memory = torch.tensor([[[1.0], [3.0], [100.0]]])
    out = attention(torch.zeros(1, 1, 1), memory, torch.tensor([[True, True, False]]))
    assert out.item() == 2.0 * (1 + 3) / 2 + 0.5
