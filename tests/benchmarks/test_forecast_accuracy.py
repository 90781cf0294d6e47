import pytest
from rich.console import Console

from benchmarks.forecast_accuracy import Comparison, show


def compared(taken_s: float, *, least: float = 100.0, most: float = 100.0) -> Comparison:
    return Comparison(
        num_trials=10,
        measuring_s=20.0,
        predicted_s=(least, most),
        taken_s=taken_s,
        trials_s=(160.0, 200.0),
    )


@pytest.mark.parametrize(
    ("least", "most", "taken_s", "ratio"),
    [
        (100, 100, 120, 1.2),
        (100, 100, 80, 0.8),
        (100, 200, 150, 1.0),
        (100, 200, 220, 1.1),
        (100, 200, 50, 0.5),
    ],
)
def test_ratio_is_to_the_nearer_end_of_what_was_predicted(
    least: float, most: float, taken_s: float, ratio: float
) -> None:
    assert compared(taken_s, least=least, most=most).ratio == pytest.approx(ratio)


def text_of(*comparisons: Comparison) -> str:
    console = Console(width=200, highlight=False)
    with console.capture() as capture:
        show(list(comparisons), "layers", console)
    return capture.get()


def test_median_decides_whether_the_target_is_met() -> None:
    text = text_of(compared(90), compared(120), compared(180))
    assert "The median ratio 1.20 is within 25% of 1." in text
    assert "120.0 (90.0 to 180.0)" in text
    assert "20.00 (20.00 to 20.00)" in text  # 200 s of ten trials
    assert "is NOT within 25% of 1." in text_of(compared(70))
