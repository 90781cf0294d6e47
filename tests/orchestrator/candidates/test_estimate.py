import pytest

from orchestrator.candidates.estimate import UNKNOWN, Estimate
from reports.ledger.probe import architecture_of
from tests.orchestrator.candidates.factories import draw, sample

SAMPLES = [sample(depth, 500.0 * 1.5**depth, 10.0 * 1.2**depth) for depth in (1, 2, 4, 5, 1, 4)]


def test_what_lies_between_samples_is_estimated_between_them() -> None:
    probe = Estimate(SAMPLES).probe_of(draw(3))
    assert probe.architecture == architecture_of(draw(3).trial)
    assert probe.memory_mib == pytest.approx(500 * 1.5**3, rel=0.1)
    assert probe.trial_s(2) == pytest.approx(10 * 1.2**3, rel=0.1)


def test_rates_change_nothing() -> None:
    estimate = Estimate(SAMPLES)
    assert estimate.probe_of(draw(3, rate=0.1)) == estimate.probe_of(draw(3))


def test_smaller_batches_mean_more_steps() -> None:
    whole, half = draw(3), draw(3, batch_size=draw(3).trial.config.training.batch_size // 2)
    estimate = Estimate(SAMPLES)
    assert estimate.probe_of(half).num_steps == 2 * estimate.probe_of(whole).num_steps


def test_margin_covers_every_sample_that_was_estimated_from_the_others() -> None:
    """The last sample takes twice the memory that the others of its depth suggest."""
    odd = sample(1, 2 * 750.0, 12.0)
    estimate = Estimate([*SAMPLES, odd])
    from_others = Estimate(SAMPLES).probe_of(odd.drawn)
    assert estimate.memory_factor == pytest.approx(1500.0 / from_others.memory_mib)
    plain, with_margin = estimate.probe_of(draw(3)), estimate.probe_with_margin(draw(3))
    assert with_margin.memory_mib == pytest.approx(plain.memory_mib * estimate.memory_factor)
    assert with_margin.trial_s(2) == plain.trial_s(2)


def test_samples_that_are_alike_leave_no_doubt() -> None:
    estimate = Estimate([sample(depth, 900.0, 10.0) for depth in (1, 2, 3)])
    assert estimate.memory_factor == pytest.approx(1.0)
    assert estimate.time_factor == pytest.approx(1.0)


def test_single_sample_is_taken_for_all_with_a_wide_margin() -> None:
    estimate = Estimate([sample(2, 900.0, 10.0)])
    assert estimate.probe_of(draw(5)).memory_mib == pytest.approx(900.0)
    assert (estimate.memory_factor, estimate.time_factor) == (UNKNOWN, UNKNOWN)


def test_memory_of_a_gpu_is_estimated_too() -> None:
    on_gpu = [
        one._replace(probe=one.probe.model_copy(update={"gpu_memory_mib": 1000.0 * depth}))
        for one, depth in zip(SAMPLES, (1, 2, 4, 5, 1, 4), strict=True)
    ]
    probe = Estimate(on_gpu).probe_of(draw(3))
    assert probe.gpu_memory_mib is not None
    assert 2000 < probe.gpu_memory_mib < 4000
