import pytest
import torch
from rich.console import Console

from benchmarks.paper_step import PARTS, measure, show, synthetic_batch
from models.configs.le import VGG19, LeConfig
from models.encoders.vgg import CHANNEL_FACTORS
from tests.models.factories import TINY

WIDTH, FEED_FORWARD = TINY.width, TINY.layer.feed_forward


@pytest.fixture(scope="module")
def measured():
    num_threads = torch.get_num_threads()
    torch.set_num_threads(1)  # several threads wait for each other where the machine is busy
    yield measure(TINY, batch_size=2, num_repeats=1, matrix_sizes=(64,))
    torch.set_num_threads(num_threads)


def test_every_part_of_both_precisions_is_timed(measured):
    assert set(measured.steps) == {"fp32", "bf16"}
    for precision, (step,) in measured.steps.items():
        assert set(step.parts_s) == set(PARTS)
        assert all(seconds > 0 for seconds in step.parts_s.values())
        assert measured.peak_flops_per_s(precision) > 0


def test_flops_of_the_vision_branch_are_those_counted_by_hand(measured):
    num_faces, steps = measured.batch.num_faces, max(synthetic_batch(2, TINY).num_faces)
    convs, first = convs_forward(num_faces, in_channels=3, px=64, base_channels=2)
    forward = convs + dense_forward(num_faces, 8 * 2 * 2 * 2, 16, WIDTH) + layer_forward(2, steps)
    assert measured.flops["vision"] == 3 * forward - first  # faces themselves have no gradient


def test_flops_of_the_text_branch_are_those_counted_by_hand(measured):
    slots = measured.batch.num_token_slots
    albert = dense_forward(slots, 8, 16) + 2 * layer_forward(2, slots // 2)
    forward = albert + dense_forward(slots, 16, 16, WIDTH)
    unused_pooler = dense_forward(2, 16, 16)
    assert measured.flops["text"] == 3 * forward + unused_pooler


def convs_forward(num_pictures, *, in_channels, px, base_channels):
    """Count all convolutions of VGG19, and the first alone."""
    flops = []
    for group, num_convs in enumerate(VGG19):
        channels = base_channels * CHANNEL_FACTORS[group]
        for _ in range(num_convs):
            taps = (3 * (px >> group) - 2) ** 2  # without those outside the picture
            flops.append(2 * num_pictures * taps * in_channels * channels)
            in_channels = channels
    return sum(flops), flops[0]


def layer_forward(num_sequences, length):
    rows = num_sequences * length
    projections = dense_forward(rows, WIDTH, 4 * WIDTH)
    attention = 2 * 2 * num_sequences * length**2 * WIDTH
    return projections + attention + dense_forward(rows, WIDTH, FEED_FORWARD, WIDTH)


def dense_forward(rows, *sizes):
    return sum(2 * rows * sizes[i] * sizes[i + 1] for i in range(len(sizes) - 1))


def test_tables_name_every_precision_and_part(measured):
    console = Console(width=200)
    with console.capture() as capture:
        show(measured, console)
    assert all(f"| {name} " in capture.get() for name in ("fp32", "bf16", *PARTS))


def test_pretrained_weights_are_refused():
    with pytest.raises(ValueError, match="choose weights 'random'"):
        synthetic_batch(2, LeConfig())
