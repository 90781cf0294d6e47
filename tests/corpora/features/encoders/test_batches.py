from collections.abc import Sequence

import numpy as np

from corpora.features.encoders.batches import MAX_WAITING, TIMES_ON_GPU, LengthBatches, Rows


class Doubler:
    """Doubles numbers; notes what went through together."""

    def __init__(self) -> None:
        self.batches: list[list[list[int]]] = []

    def __call__(self, batch: Sequence[list[int]]) -> list[Rows]:
        self.batches.append([*batch])
        return [np.array([given], np.float32).T * 2 for given in batch]


def test_inputs_of_similar_length_go_together_and_rows_keep_their_order() -> None:
    double = Doubler()
    batches: LengthBatches[list[int]] = LengthBatches(double, len, max_length=6, device="cpu")
    given = [[1] * 6, [2], [3] * 3, [4, 4], [5]]
    promises = [batches.add(each) for each in given]
    assert not double.batches
    assert [promise()[:, 0].tolist() for promise in promises] == [
        [2 * n for n in each] for each in given
    ]
    assert double.batches == [[[2], [5], [4, 4]], [[3] * 3], [[1] * 6]]


def test_longer_input_than_a_batch_goes_alone() -> None:
    double = Doubler()
    batches: LengthBatches[list[int]] = LengthBatches(double, len, max_length=2, device="cpu")
    short, long = batches.add([1]), batches.add([2] * 5)
    assert len(long()) == 5
    assert len(short()) == 1
    assert double.batches == [[[1]], [[2] * 5]]


def test_number_of_inputs_that_wait_is_bounded() -> None:
    double = Doubler()
    batches: LengthBatches[list[int]] = LengthBatches(double, len, max_length=2, device="cpu")
    promises = [batches.add([number]) for number in range(2 * MAX_WAITING + 1)]
    assert sum(map(len, double.batches)) == 2 * MAX_WAITING + 1
    assert [promise().item() for promise in promises] == [
        2 * number for number in range(2 * MAX_WAITING + 1)
    ]


def test_batches_on_a_gpu_are_larger() -> None:
    double = Doubler()
    batches: LengthBatches[list[int]] = LengthBatches(double, len, max_length=2, device="cuda:0")
    promises = [batches.add([number]) for number in range(2 * TIMES_ON_GPU + 1)]
    assert promises[0]().item() == 0
    assert [len(batch) for batch in double.batches] == [2 * TIMES_ON_GPU, 1]
