from pathlib import Path

import pytest
from rich.console import Console

from benchmarks import frozen_prefix
from benchmarks.drawn_batch import draw_batch
from benchmarks.frozen_prefix import measure, reading_ms, show, write_checkpoints
from corpora.recipes.pictures import XIA
from models.configs.conv import ResnetConfig, VggishConfig
from models.configs.text import BertSizes
from search_spaces.change import apply_change
from search_spaces.trial import TrialConfig

VOCABULARY = 50
SMALL = {
    "model.text.sizes": BertSizes(
        vocabulary=VOCABULARY, hidden=16, num_layers=1, num_heads=2, feed_forward=16
    ).model_dump(),
    "model.audio.base_channels": 2,
    "model.audio.hidden": 8,
    "model.audio.embedding": 8,
    "model.vision.base_channels": 2,
}


@pytest.fixture
def changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    small = {
        "audio": VggishConfig(weights="random", frozen=(), base_channels=2, hidden=8, embedding=8),
        "vision": ResnetConfig(weights="random", frozen=(), base_channels=2),
    }
    monkeypatch.setattr(frozen_prefix, "RANDOM_CONFIGS", small)
    return {**write_checkpoints(tmp_path), **SMALL}


def config_of(row: str, changes) -> TrialConfig:
    return apply_change(frozen_prefix.configs_of([row])[row], changes)


@pytest.mark.parametrize(
    ("row", "modality", "groups", "numbers"),
    [
        ("FER, 0 SEM", "vision", ("conv1", "conv2", "conv3"), 4 * 28 * 28),
        ("FER, 4 SEM", "vision", ("conv1", "conv2"), 2 * 56 * 56),
        ("SER, 2 SEM", "audio", ("conv1", "conv2"), 4 * 24 * 16),
    ],
)
def test_row_is_measured_on_pictures_and_on_maps(changes, row, modality, groups, numbers):
    batch = draw_batch(1, XIA, VOCABULARY)
    measured = measure(row, config_of(row, changes), batch, num_repeats=2, precision="fp32")
    assert (measured.modality, measured.groups) == (modality, groups)
    assert measured.numbers[0] == numbers
    assert min(measured.prefix_s.least, measured.maps_s.least, measured.pictures_s.least) > 0
    assert measured.gain.num == measured.evaluation_gain.num == 2
    console = Console(width=200)
    with console.capture() as capture:
        show([measured], "fp32", console)
    assert f"| {row} " in capture.get()


def test_reading_is_measured(tmp_path: Path) -> None:
    assert reading_ms(tmp_path, "bf16", num_maps=3) > 0


def test_rows_are_there() -> None:
    assert len(frozen_prefix.configs_of(())) == 10
