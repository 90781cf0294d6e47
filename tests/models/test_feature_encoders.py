import pytest
import torch
from torch import nn

from models.encoders.features import AsPacked, FeatureEncoder, MeanOfRows, PaddingAsSteps
from models.encoders.lstm import FinalStates, LastStep, Lstm, SummedLastStep, freeze_unread
from models.init import init_weights
from models.parts.standardise import Standardise

LENGTHS = [2, 4, 1]


def lstm(*, read, num_layers=1, bidirectional=True):
    layers = nn.LSTM(3, 2, num_layers=num_layers, batch_first=True, bidirectional=bidirectional)
    encode = Lstm(layers, read=read)
    init_weights(encode, 0)
    return encode


def each(rows):
    return [sequence[None] for sequence in rows.split(LENGTHS)]


def test_standardise_by_hand():
    features = Standardise(mean=torch.tensor([1.0, 5.0]), std=torch.tensor([2.0, 0.0]))
    init_weights(features, 0)
    assert features(torch.tensor([[3.0, 6.0]])).tolist() == [[1.0, 1.0]]


def test_standardise_keeps_the_statistics_of_the_task():
    mean = torch.tensor([1.0])
    features = Standardise(mean=mean, std=torch.tensor([2.0]))
    features.mean.zero_()
    assert mean.item() == 1.0


def test_padding_as_steps_lengthens_every_utterance():
    rows, lengths = PaddingAsSteps()(torch.ones(3, 1), [1, 2])
    assert rows.flatten().tolist() == [1, 0, 1, 1]
    assert lengths == [2, 2]


def test_mean_of_rows_by_hand():
    rows = torch.tensor([[1.0], [3.0], [5.0]])
    assert MeanOfRows()(rows, [2, 1]).flatten().tolist() == [2.0, 5.0]


@torch.no_grad()
def test_final_states_are_those_of_each_utterance_alone():
    rows, encode = torch.randn(7, 3), lstm(read=FinalStates())
    finals = [encode.lstm(steps)[1][0] for steps in each(rows)]  # (2, 1, 2) each
    expected = torch.cat([final.transpose(0, 1).flatten(1) for final in finals])
    torch.testing.assert_close(encode(rows, LENGTHS), expected)


@torch.no_grad()
@pytest.mark.parametrize("bidirectional", [True, False], ids=["both", "forward"])
def test_last_step_is_the_last_real_one(bidirectional):
    rows, encode = torch.randn(7, 3), lstm(read=LastStep(), bidirectional=bidirectional)
    expected = torch.cat([encode.lstm(steps)[0][:, -1] for steps in each(rows)])
    torch.testing.assert_close(encode(rows, LENGTHS), expected)


@torch.no_grad()
def test_summed_last_step_adds_the_directions():
    rows, encode = torch.randn(7, 3), lstm(read=SummedLastStep(), num_layers=2)
    lasts = torch.cat([encode.lstm(steps)[0][:, -1] for steps in each(rows)])
    torch.testing.assert_close(encode(rows, LENGTHS), lasts[:, :2] + lasts[:, 2:])


@torch.no_grad()
def test_padding_as_steps_equals_an_lstm_on_the_padded_batch():
    rows, encode = torch.randn(7, 3), lstm(read=FinalStates())
    padded = nn.utils.rnn.pad_sequence(rows.split(LENGTHS), batch_first=True)
    expected = encode.lstm(padded)[1][0].transpose(0, 1).flatten(1)
    encoder = FeatureEncoder(prepare=nn.Identity(), layout=PaddingAsSteps(), encode=encode)
    torch.testing.assert_close(encoder(rows, LENGTHS), expected)


@pytest.mark.parametrize("read", [LastStep(), SummedLastStep()], ids=["last", "summed"])
def test_what_is_frozen_as_unread_would_get_no_gradient(read):
    encode = lstm(read=read, num_layers=2)
    encode(torch.randn(7, 3), LENGTHS).square().sum().backward()
    dead = {name for name, p in encode.lstm.named_parameters() if not p.grad.any()}
    freeze_unread(encode.lstm)
    frozen = {name for name, p in encode.lstm.named_parameters() if not p.requires_grad}
    assert dead == frozen == {"weight_hh_l1_reverse"}


@torch.no_grad()
def test_lstm_runs_in_float32_under_autocast():
    rows, encode = torch.randn(7, 3), lstm(read=FinalStates())
    expected = encode(rows, LENGTHS)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert torch.equal(encode(rows, LENGTHS), expected)


def test_rows_are_prepared_before_they_are_padded():
    shift = Standardise(mean=torch.tensor([1.0]), std=torch.tensor([1.0]))
    for layout, mean in ((AsPacked(), 1.0), (PaddingAsSteps(), 0.5)):
        encoder = FeatureEncoder(prepare=shift, layout=layout, encode=MeanOfRows())
        out = encoder(torch.full((3, 1), 2.0), [1, 2])
        assert out.flatten().tolist() == [mean, 1.0]


def test_lstm_draws_as_pytorch_does():
    encode = lstm(read=FinalStates())
    values = torch.cat([p.flatten() for p in encode.parameters()])
    assert values.abs().max() <= 0.5**0.5
    assert values.std().item() == pytest.approx(0.5**0.5 / 3**0.5, rel=0.15)
