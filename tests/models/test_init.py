import pytest
import torch
from torch import nn

from models.init import init_weights
from tests.models.factories import TINY, initialised


def test_another_seed_gives_other_weights():
    first, second = (initialised(TINY, seed=seed).state_dict() for seed in (0, 1))
    drawn = [name for name in first if first[name].dim() > 1]
    assert not any(torch.equal(first[name], second[name]) for name in drawn)


def test_values_do_not_depend_on_the_global_random_state():
    torch.manual_seed(1)
    first = initialised(TINY).state_dict()
    torch.manual_seed(2)
    second = initialised(TINY).state_dict()
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_linear_bound_is_that_of_pytorch():
    linear = nn.Linear(4, 5000)
    init_weights(nn.Sequential(linear), 0)
    assert linear.weight.abs().max() <= 0.5
    assert linear.weight.std().item() == pytest.approx(0.5 / 3**0.5, rel=0.02)


def test_unknown_module_is_an_error():
    model = nn.Sequential(nn.Linear(2, 2), nn.Bilinear(2, 2, 2))
    match = r"1\.weight: .* 'weight' of Bilinear; give it a method 'rules'"
    with pytest.raises(TypeError, match=match):
        init_weights(model, 0)
