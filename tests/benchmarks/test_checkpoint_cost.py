from pathlib import Path

from benchmarks.checkpoint_cost import BEFORE, NONE, NOW, WAYS, measure_system
from search_spaces.systems.le import TINY
from search_spaces.systems.tiny import TINY_ALBERT

NUM_IN_POOLER = TINY_ALBERT.hidden * (TINY_ALBERT.hidden + 1)
"""Parameters of ALBERT that no part of the model reads, so that Adam has no moments of them."""


def test_every_way_is_timed_and_the_best_model_is_written_once_now(tmp_path: Path) -> None:
    system = measure_system("tiny", TINY, num_steps=1, num_epochs=2, folder=tmp_path)
    for way in WAYS:
        assert len(system.epochs[way]) == 2
        assert all(0 <= one.held_up_s < one.epoch_s for one in system.epochs[way])
    model_bytes = 4 * system.num_parameters
    moments_bytes = 2 * (model_bytes - 4 * NUM_IN_POOLER)
    assert system.file_bytes[NONE] == 0
    assert 2 * model_bytes + moments_bytes < system.file_bytes[BEFORE]
    assert model_bytes + moments_bytes < system.file_bytes[NOW] < 3.5 * model_bytes
