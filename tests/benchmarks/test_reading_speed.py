import warnings
from pathlib import Path

import pyarrow as pa
import pytest

from benchmarks.reading_speed import PLAIN, TORCHVISION, measure_split, most_off, read_table
from corpora.preparation.prepare import prepare
from corpora.readers.clip_folder import read_clips
from corpora.recipes.pictures import LE, XIA
from corpora.store.folders import recipe_folder, split_file
from tests.corpora.media_factory import write_clip_folder


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> dict[str, pa.Table]:
    storage: Path = tmp_path_factory.mktemp("storage")
    prepare(read_clips(write_clip_folder(storage / "clips")), [LE, XIA], name="m", storage=storage)
    return {
        recipe.name: read_table(split_file(recipe_folder(storage, "m", recipe.name), "train"))
        for recipe in (LE, XIA)
    }


def test_our_batches_are_the_plain_ones_and_all_ways_are_timed(tables: dict[str, pa.Table]) -> None:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The image decoding and encoding cap")
        pixels = measure_split(tables["le"], LE, [1], num_repeats=2)
        jpegs = measure_split(tables["xia"], XIA, [1, 2], num_repeats=2)
        assert 0 <= most_off(tables["xia"]) <= 2
    assert list(pixels) == [PLAIN, "ours"]
    assert list(jpegs) == [PLAIN, "ours, 1 thread", "ours, 2 threads", TORCHVISION]
    assert all(rate.num == 2 and rate.least > 0 for rate in (pixels | jpegs).values())
