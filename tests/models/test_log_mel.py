import math

import pytest
import torch

from models.encoders.log_mel import LogMel


@pytest.mark.parametrize(("power", "logarithm"), [(0.0, math.log(1e-6)), (math.e - 1e-6, 1.0)])
def test_log_mel_is_the_natural_logarithm_with_a_floor(power, logarithm):
    assert LogMel()(torch.tensor(power)).item() == pytest.approx(logarithm, rel=1e-6)
