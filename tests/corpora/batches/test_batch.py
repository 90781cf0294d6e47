from dataclasses import fields

import pytest
import torch

from corpora.batches.batch import Batch, HandcraftedBatch, split_batch


def make_batch() -> Batch:
    """Make 3 utterances with 2, 0 and 1 faces, and 1, 3 and 1 chunks, each value another number."""
    return Batch(
        tokens=torch.arange(12).reshape(3, 4),
        token_mask=torch.ones(3, 4, dtype=torch.bool),
        faces=torch.arange(3.0).reshape(3, 1, 1, 1),
        num_faces=(2, 0, 1),
        mels=torch.arange(5.0).reshape(5, 1, 1, 1),
        num_chunks=(1, 3, 1),
        labels=torch.arange(6.0).reshape(3, 2),
    )


def make_handcrafted() -> HandcraftedBatch:
    """Make 3 utterances with 1, 2 and 3 words, and as many rows of the others in another order."""
    return HandcraftedBatch(
        text=torch.arange(6.0).reshape(6, 1),
        num_text=(1, 2, 3),
        audio=torch.arange(6.0).reshape(6, 1),
        num_audio=(3, 1, 2),
        vision=torch.arange(6.0).reshape(6, 1),
        num_vision=(2, 3, 1),
        labels=torch.arange(6.0).reshape(3, 2),
    )


def test_split_batch_cuts_packed_values_where_utterances_end() -> None:
    first, second = split_batch(make_batch(), 2)
    assert first.faces.flatten().tolist() == [0, 1]
    assert second.faces.flatten().tolist() == [2]
    assert first.mels.flatten().tolist() == [0, 1, 2, 3]
    assert second.mels.flatten().tolist() == [4]
    assert second.tokens.tolist() == [[8, 9, 10, 11]]
    one, two, three = split_batch(make_handcrafted(), 1)
    assert [part.audio.flatten().tolist() for part in (one, two, three)] == [[0, 1, 2], [3], [4, 5]]
    assert three.vision.flatten().tolist() == [5]


@pytest.mark.parametrize("batch", [make_batch(), make_handcrafted()], ids=["pictures", "features"])
@pytest.mark.parametrize("size", [1, 2])
def test_split_batch_puts_every_value_into_one_part(
    batch: Batch | HandcraftedBatch, size: int
) -> None:
    parts = list(split_batch(batch, size))
    assert [len(part.labels) for part in parts] == [1, 1, 1] if size == 1 else [2, 1]
    for field in fields(batch):
        joined = [value for part in parts for value in getattr(part, field.name)]
        assert list(map(str, joined)) == list(map(str, getattr(batch, field.name)))


def test_split_batch_leaves_what_is_small_enough() -> None:
    batch = make_batch()
    assert [part is batch for part in split_batch(batch, 3)] == [True]
