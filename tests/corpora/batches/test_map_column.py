from pathlib import Path

import pytest
import torch

from corpora.batches.map_column import MapColumn, bytes_per_map, laid_out

LENGTHS = torch.tensor([2, 1, 3])
SHAPE = (4, 3, 2)


def drawn(num: int, dtype: torch.dtype) -> torch.Tensor:
    maps = torch.randn(num, *SHAPE, generator=torch.Generator().manual_seed(0)).to(dtype)
    return maps.contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_maps_come_back_as_they_were_by_utterance_step_and_candidate(
    tmp_path: Path, dtype: torch.dtype
) -> None:
    maps = drawn(12, dtype)  # two candidates for each of six steps
    (tmp_path / "maps").write_bytes(laid_out(maps))
    column = MapColumn(tmp_path / "maps", LENGTHS, shape=SHAPE, dtype=dtype, num_candidates=2)
    choices = torch.tensor([0, 1, 1, 1, 0])  # of the three steps of utterance 2, then 0
    read = column.finish(column.collect(torch.tensor([2, 0]), choices))
    rows = [2 * 3 + 0, 2 * 4 + 1, 2 * 5 + 1, 2 * 0 + 1, 2 * 1 + 0]
    assert torch.equal(read, maps[rows])
    assert read.dtype == dtype
    assert read.is_contiguous(memory_format=torch.channels_last)


def test_file_of_another_length_is_refused(tmp_path: Path) -> None:
    (tmp_path / "maps").write_bytes(laid_out(drawn(5, torch.float32)))
    with pytest.raises(OSError, match="has 500 bytes instead of 600"):
        MapColumn(tmp_path / "maps", LENGTHS, shape=SHAPE, dtype=torch.float32)


@pytest.mark.parametrize("place", [0, 95, 96, 99])
def test_map_that_was_changed_is_refused(tmp_path: Path, place: int) -> None:
    """Of 96 bytes of numbers or 4 of the checksum, whichever bit is another."""
    file = tmp_path / "maps"
    content = bytearray(laid_out(drawn(6, torch.float32)))
    content[place] ^= 1
    file.write_bytes(content)
    column = MapColumn(file, LENGTHS, shape=SHAPE, dtype=torch.float32)
    assert len(column.collect(torch.tensor([1]), torch.tensor([0]))) == 1
    with pytest.raises(OSError, match="is damaged; remove its folder"):
        column.collect(torch.tensor([0]), torch.tensor([0, 0]))


def test_file_that_became_shorter_is_an_error_not_a_crash(tmp_path: Path) -> None:
    file = tmp_path / "maps"
    file.write_bytes(laid_out(drawn(6, torch.float32)))
    column = MapColumn(file, LENGTHS, shape=SHAPE, dtype=torch.float32)
    with file.open("r+b") as opened:
        opened.truncate(3 * bytes_per_map(SHAPE, torch.float32))
    assert len(column.collect(torch.tensor([0]), torch.tensor([0, 0]))) == 2
    with pytest.raises(OSError, match="shorter"):
        column.collect(torch.tensor([2]), torch.tensor([0, 0, 0]))


def test_file_that_was_removed_is_still_read(tmp_path: Path) -> None:
    file = tmp_path / "maps"
    maps = drawn(6, torch.float32)
    file.write_bytes(laid_out(maps))
    column = MapColumn(file, LENGTHS, shape=SHAPE, dtype=torch.float32)
    file.unlink()
    assert torch.equal(
        column.finish(column.collect(torch.tensor([1]), torch.tensor([0]))), maps[2:3]
    )
