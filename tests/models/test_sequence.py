import torch

from models.parts.sequence import join, keep_first, pad

ONE_EACH = [1, 1]


def test_pad_keeps_the_order_of_the_packed_rows():
    packed = torch.arange(1.0, 5.0)[:, None]
    sequence = pad(packed, [1, 3])
    assert sequence.states[..., 0].tolist() == [[1, 0, 0], [2, 3, 4]]
    assert sequence.mask.tolist() == [[True, False, False], [True, True, True]]


def test_pad_returns_each_gradient_to_its_row():
    packed = torch.zeros(4, 1, requires_grad=True)
    states = pad(packed, [1, 3]).states
    (states[..., 0] * torch.tensor([[1.0, 9, 9], [2, 3, 4]])).sum().backward()
    assert packed.grad is not None
    assert packed.grad[:, 0].tolist() == [1, 2, 3, 4]


def test_first_row_of_each_utterance_that_has_one_is_kept():
    first, lengths = keep_first(torch.arange(6.0)[:, None], [1, 0, 3, 2])
    assert first[:, 0].tolist() == [0, 1, 4]
    assert lengths == [1, 0, 1, 1]


def test_join_keeps_padding_where_it_is_masked():
    first, second = pad(torch.ones(3, 2), [2, 1]), pad(torch.ones(2, 2), ONE_EACH)
    joined = join([first, second])
    assert joined.mask.tolist() == [[True, True, True], [True, False, True]]
    assert torch.equal(joined.states.sum(-1), 2.0 * joined.mask)
