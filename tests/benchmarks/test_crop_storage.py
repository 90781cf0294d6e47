import numpy as np
import pytest
import torch

from benchmarks.crop_storage import (
    PILLOW,
    RAW,
    crops_read_per_hour,
    crops_stored_per_hour,
    pixel_error,
    ways_to_store,
)
from corpora.recipes.pictures import XIA


def test_raw_crops_come_back_as_they_were_and_jpegs_nearly():
    gradient = np.linspace(0, 255, 48 * 48 * 3).reshape(48, 48, 3).astype(np.uint8)
    crops = [gradient, gradient[::-1]]
    ways = ways_to_store(crops)
    assert pixel_error(ways[RAW].decode(), crops) == 0
    assert 0 < pixel_error(ways[PILLOW].decode(), crops) < 5
    assert ways[PILLOW].num_bytes < 2 * gradient.nbytes


def test_pixel_error_is_the_mean_difference():
    crops = [np.zeros((2, 2, 3), np.uint8)]
    decoded = torch.zeros(1, 3, 2, 2, dtype=torch.uint8)
    decoded[0, 0] = 6
    assert pixel_error(decoded, crops) == pytest.approx(2.0)


def test_every_candidate_is_stored_and_one_a_window_is_read():
    assert crops_stored_per_hour(XIA) == pytest.approx(3 * 3750)
    assert crops_read_per_hour(XIA) == pytest.approx(3750)
