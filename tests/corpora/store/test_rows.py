from pathlib import Path

import numpy as np
import pytest

from corpora.preparation.prepare import prepare
from corpora.readers.clip_folder import read_clips
from corpora.recipes.pictures import LE, XIA, Recipe
from corpora.store.folders import recipe_folder
from corpora.store.prepared import read_manifest
from corpora.store.rows import PreparedRows
from tests.corpora.media_factory import clip_lines, write_clip_folder, write_video

every_recipe = pytest.mark.parametrize("recipe", [LE, XIA], ids=lambda recipe: recipe.name)


@pytest.fixture(scope="module")
def storage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Prepare a corpus whose first utterance is silent."""
    storage = tmp_path_factory.mktemp("rows")
    write_video(storage / "clips" / "silent.mp4", sound_hz=None)
    first, *others = clip_lines()
    lines = [first | {"file": "silent.mp4"}, *others]
    source = read_clips(write_clip_folder(storage / "clips", lines))
    prepare(source, [LE, XIA], name="mine", storage=storage)
    return storage


def open_rows(storage: Path, recipe: Recipe) -> PreparedRows:
    folder, manifest = (
        recipe_folder(storage, "mine", recipe.name),
        read_manifest(storage, "mine", recipe.name),
    )
    return PreparedRows(folder, manifest, "train", recipe)


@every_recipe
def test_row_holds_what_was_said_of_the_utterance(storage: Path, recipe: Recipe) -> None:
    rows = open_rows(storage, recipe)
    assert rows.ids == ["train0", "train1", "train2", "train3"]
    assert rows.labels.tolist() == [[0, 0], [1, 0], [0, 1], [1, 1]]
    row = rows.read(3)
    assert (row.id, row.group, row.speaker) == ("train3", "train3", None)
    assert (row.text, row.labels) == ("this is number 3", (1, 1))
    assert row.seconds == pytest.approx(1.2)


@pytest.mark.parametrize(
    ("recipe", "crops", "mels"),
    [(LE, (2, 1, 64, 64, 3), (4, 128, 32)), (XIA, (2, 3, 224, 224, 3), (2, 96, 64))],
    ids=["raw", "jpeg"],
)
def test_row_holds_windows_and_chunks(
    storage: Path, recipe: Recipe, crops: tuple[int, ...], mels: tuple[int, ...]
) -> None:
    row = open_rows(storage, recipe).read(1)
    assert (row.crops.dtype, row.crops.shape) == (np.uint8, crops)
    assert row.found.shape == crops[:2]
    assert (row.mels.dtype, row.mels.shape) == (np.float32, mels)


@pytest.mark.parametrize(
    ("recipe", "frames"), [(LE, [[1], [11]]), (XIA, [[2, 5, 9], [11, 11, 12]])], ids=["raw", "jpeg"]
)
def test_crops_are_those_of_the_utterance_in_time_order(
    storage: Path, recipe: Recipe, frames: list[list[int]]
) -> None:
    # The utterance begins with frame 1; the patch in the middle stands in, 10 levels a frame.
    crops = open_rows(storage, recipe).read(1).crops
    patches = crops[:, :, 80:140, 80:140] if recipe is XIA else crops
    levels = patches.mean((2, 3, 4))
    np.testing.assert_allclose(levels, 10 * np.array(frames), atol=3)


@every_recipe
def test_lack_of_face_and_sound_is_told(storage: Path, recipe: Recipe) -> None:
    rows = open_rows(storage, recipe)
    assert [rows.has_sound(row) for row in range(len(rows))] == [False, True, True, True]
    assert not any(rows.has_face(row) for row in range(len(rows)))
