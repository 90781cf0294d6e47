import torch

from benchmarks.stacked_seeds import (
    STUDY,
    build_models,
    make_batch,
    measure,
    step_singly,
    step_stacked,
)
from search_spaces.catalogue import find_study

CONFIGS = find_study(STUDY).configs("synthetic", "tiny")


def test_stacked_seeds_learn_as_single_ones_do() -> None:
    config = CONFIGS["Early Fusion"]
    models, batch = build_models(config, 2), make_batch(config)
    for model in models:
        model.eval()  # dropout draws from other streams
    stacked, singly = (make(models, batch, 1e-3) for make in (step_stacked, step_singly))
    first, *later = [(stacked(), singly()) for _ in range(3)]
    for losses, expected in (first, *later):
        torch.testing.assert_close(losses, expected, rtol=1e-4, atol=1e-5)
    assert first[0][0] != first[0][1]
    assert (later[-1][0] < first[0]).all()


def test_both_ways_are_timed() -> None:
    singly, stacked, gain = measure(CONFIGS["Text - ALBERT"], num_seeds=2, num_repeats=1)
    assert min(singly.least, stacked.least) > 0
    assert gain.median == singly.median / stacked.median
