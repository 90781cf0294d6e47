from pathlib import Path

from benchmarks.checkpoint_cost import BEFORE, NONE, NOW, WAYS, measure_system
from search_spaces.systems.le import TINY


def test_every_way_is_timed_and_the_best_model_is_written_once_now(tmp_path: Path) -> None:
    system = measure_system("tiny", TINY, num_steps=1, num_epochs=2, folder=tmp_path)
    for way in WAYS:
        assert len(system.epochs[way]) == 2
        assert all(0 <= one.held_up_s < one.epoch_s for one in system.epochs[way])
    model_bytes = 4 * system.num_parameters
    assert system.file_bytes[NONE] == 0
    assert 4 * model_bytes < system.file_bytes[BEFORE]
    assert 3 * model_bytes < system.file_bytes[NOW] < 3.5 * model_bytes
