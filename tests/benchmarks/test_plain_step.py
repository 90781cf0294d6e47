import pytest
import torch
from rich.console import Console

from benchmarks.flops import conv_flops
from benchmarks.gpu_parts.trainee import SYSTEMS, drawn
from benchmarks.plain_step import PLAIN, measure, tabulate, with_long_texts
from benchmarks.system_costs import without_weights
from search_spaces.study import ANY_CORPUS


def test_flops_of_a_convolution_are_those_of_its_matrix_without_padding() -> None:
    for stride, border, size in ((1, 1, 5), (2, 1, 6), (2, 3, 7), (1, 0, 4)):
        taps = 2 * border + 1
        ones = torch.ones(2, 3, size, size)
        weight = torch.ones(4, 3, taps, taps)
        out = torch.nn.functional.conv2d(ones, weight, stride=stride, padding=border)
        found = conv_flops(
            *(ones.shape, weight.shape, None, (stride, stride), (border, border)),
            out_shape=out.shape,
        )
        assert found == 2 * out.sum()  # each product of ones adds 1


def test_text_is_padded_with_masked_tokens() -> None:
    config = without_weights(SYSTEMS["FE2E"]["tiny"][ANY_CORPUS])
    batch = drawn(config, 2)
    longer = with_long_texts(batch, 40)
    assert longer.tokens.shape == longer.token_mask.shape == (2, 40)
    assert longer.token_mask.sum() == batch.token_mask.sum()


@pytest.mark.slow
def test_every_system_is_measured_in_every_way() -> None:
    systems, peaks = measure(2, 1, (64,), scale="tiny")
    assert [one.system for one in systems] == list(SYSTEMS)
    for one in systems:
        assert list(one.seconds) == [PLAIN, "fp32", "bf16"]
        assert one.flops[PLAIN] > one.flops["fp32"] == one.flops["bf16"] > 0
    console = Console(record=True, width=200)
    console.print(tabulate(systems, peaks))
    assert console.export_text().count("ours, bf16") == len(SYSTEMS)
