import torch

from models.parts.modality_dropout import ModalityDropout
from models.parts.sequence import pad
from models.systems.sequence_fusion import hide

CPU = torch.device("cpu")


def test_nothing_is_hidden_outside_of_training():
    assert ModalityDropout(0.9).eval()(50, 3, CPU).all()


def test_rate_zero_draws_nothing():
    state = torch.get_rng_state()
    assert ModalityDropout(0.0)(50, 3, CPU).all()
    assert torch.equal(torch.get_rng_state(), state)


def test_each_utterance_keeps_a_modality():
    torch.manual_seed(0)
    assert ModalityDropout(0.99)(1000, 3, CPU).any(dim=1).all()


def test_share_that_is_hidden_is_the_rate_less_what_is_kept_for_being_the_last():
    torch.manual_seed(0)
    hidden = 1 - ModalityDropout(0.5)(20_000, 3, CPU).float().mean().item()
    # Of 3 modalities each is hidden at 1/2, but in 1 of 8 utterances one of the 3 comes back.
    assert abs(hidden - (1 / 2 - 1 / 24)) < 0.01


def test_what_is_hidden_becomes_padding():
    sequence = pad(torch.ones(3, 2), [2, 1])
    hidden = hide(sequence, torch.tensor([False, True]))
    assert hidden.mask.tolist() == [[False, False], [True, False]]
    assert hidden.states[0].tolist() == [[0, 0], [0, 0]]
