import threading

import numpy as np
import pyarrow as pa
import torch

from corpora.batches.jpeg import JpegColumn
from corpora.forms.crops import to_jpeg

SIDE_PX = 16
LENGTHS = torch.tensor([2, 3])
CANDIDATES = 2


def column(*, num_threads: int) -> JpegColumn:
    """Store pictures of one grey level each, in steps of ten, two candidates a step."""
    jpegs = [
        to_jpeg(np.full((SIDE_PX, SIDE_PX, 3), 10 * number, np.uint8))
        for number in range(CANDIDATES * int(LENGTHS.sum()))
    ]
    rows = pa.array([jpegs[:4], jpegs[4:]], pa.list_(pa.binary()))
    return JpegColumn(
        pa.chunked_array([rows]),
        LENGTHS,
        side_px=SIDE_PX,
        num_candidates=CANDIDATES,
        num_threads=num_threads,
    )


def levels(pictures: torch.Tensor) -> list[int]:
    return [round(float(picture.float().mean())) for picture in pictures]


def test_several_threads_decode_what_one_does_in_its_order() -> None:
    utterances, choices = torch.tensor([1, 0, 1]), torch.tensor([1, 0, 0, 1, 1, 0, 1, 0])
    one, three = (column(num_threads=number).collect(utterances, choices) for number in (1, 3))
    assert levels(one) == [50, 60, 80, 10, 30, 40, 70, 80]
    assert torch.equal(one, three)


def test_columns_of_a_process_share_their_threads() -> None:
    utterances, choices = torch.tensor([0, 1]), torch.zeros(5, dtype=torch.int64)
    before = decoding_threads()
    for _ in range(20):
        column(num_threads=5).collect(utterances, choices)
    assert 1 <= len(decoding_threads() - before) <= 5


def decoding_threads() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if thread.name.startswith("jpeg")}


def test_pictures_are_seen_channels_first() -> None:
    pictures = column(num_threads=1)
    collected = pictures.collect(torch.tensor([0]), torch.tensor([0, 0]))
    assert collected.shape == (2, SIDE_PX, SIDE_PX, 3)
    assert pictures.finish(collected).shape == (2, 3, SIDE_PX, SIDE_PX)
