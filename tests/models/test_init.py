import pytest
import torch
from torch import nn

from models.init import init_weights
from tests.models.factories import ROWS, TINY, initialised

every_row = pytest.mark.parametrize("config", ROWS.values(), ids=ROWS.keys())


@every_row
def test_shared_parameters_are_equal_between_rows(config):
    row, baseline = initialised(config).state_dict(), initialised(TINY).state_dict()
    shared = {
        name for name in row.keys() & baseline.keys() if row[name].shape == baseline[name].shape
    }
    assert shared
    assert all(torch.equal(row[name], baseline[name]) for name in shared)


@every_row
def test_every_parameter_and_statistic_is_set(config):
    model = initialised(config)
    for tensor in model.state_dict().values():
        tensor.fill_(torch.nan) if tensor.is_floating_point() else tensor.fill_(-1)
    init_weights(model, 0)
    assert all(
        torch.equal(tensor, fresh)
        for tensor, fresh in zip(
            model.state_dict().values(), initialised(config).state_dict().values(), strict=True
        )
    )


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
    linear = nn.Sequential(nn.Linear(4, 5000))
    init_weights(linear, 0)
    assert linear[0].weight.abs().max() <= 0.5
    assert linear[0].weight.std().item() == pytest.approx(0.5 / 3**0.5, rel=0.02)


def test_unknown_module_is_an_error():
    model = nn.Sequential(nn.Linear(2, 2), nn.Bilinear(2, 2, 2))
    with pytest.raises(TypeError, match=r"1\.weight: .* 'weight' of Bilinear; add it to RULES"):
        init_weights(model, 0)
