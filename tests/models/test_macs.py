import torch
from torch import nn
from torch.nn.utils.rnn import pack_sequence

from models.macs import count_macs, count_parameters, count_parameters_without_embeddings
from models.parts.layers import EncoderLayer


class WithoutPadding(nn.Module):
    """A layer on sequences of one length."""

    def __init__(self, layer):
        super().__init__()
        self.layer = layer

    def forward(self, states):
        return self.layer(states, torch.ones(states.shape[:2], dtype=torch.bool))


def test_attention_and_feed_forward_are_counted():
    layer = EncoderLayer(width=8, num_heads=2, feed_forward=16, dropout=0.1)
    model = WithoutPadding(layer)
    projections, scores, feed_forward = 4 * 5 * 8 * 8, 2 * 5 * 5 * 8, 2 * 5 * 8 * 16
    assert count_macs(model, torch.randn(1, 5, 8)) == projections + scores + feed_forward


def test_convolution_is_counted():
    assert count_macs(nn.Conv2d(3, 4, 3, padding=1), torch.randn(2, 3, 8, 8)) == 2 * 64 * 4 * 27


def test_lstm_is_counted_packed_and_padded():
    lstm, steps = nn.LSTM(3, 5, batch_first=True, bidirectional=True), torch.randn(1, 7, 3)
    expected = 2 * 7 * (4 * 5 * 3 + 4 * 5 * 5)
    assert count_macs(lstm, steps) == expected
    assert count_macs(lstm, pack_sequence([steps[0]])) == expected


def test_model_is_left_in_its_mode():
    model = nn.Linear(2, 2)
    count_macs(model, torch.zeros(1, 2))
    assert model.training
    count_macs(model.eval(), torch.zeros(1, 2))
    assert not model.training


def test_tables_are_left_out_of_the_second_count():
    model = nn.Sequential(nn.Embedding(10, 3), nn.Linear(3, 2))
    assert count_parameters(model) == 38
    assert count_parameters_without_embeddings(model) == 8
