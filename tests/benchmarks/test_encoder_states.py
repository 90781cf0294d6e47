from pathlib import Path

import pytest

from benchmarks.encoder_states import ENCODERS, TINY, clip_lengths_s, measure_speed


@pytest.mark.parametrize("name", ENCODERS)
def test_both_ways_give_the_same_states(name: str, tmp_path: Path) -> None:
    write, make_ask = ENCODERS[name]
    assert write(tmp_path, TINY) > 10_000
    alone, together, differences = measure_speed(make_ask(tmp_path), clip_lengths_s(9), 1)
    assert min(alone.least, together.least) > 0
    assert differences.most < 1e-5
