import numpy as np
import torch
from torch.nn.utils.rnn import pack_padded_sequence

from models.encoders.lstm import batch_sizes, step_by_step
from models.parts.sequence import pad

LENGTHS = (2, 4, 1, 4)


def test_rows_are_read_as_pytorch_packs_padded_sequences():
    rows = torch.randn(sum(LENGTHS), 3)
    longest_first = [1, 3, 0, 2]
    order = step_by_step(LENGTHS, np.array(longest_first))
    theirs = pack_padded_sequence(
        pad(rows, LENGTHS).states[longest_first], [4, 4, 2, 1], batch_first=True
    )
    assert torch.equal(rows[order], theirs.data)
    assert torch.equal(batch_sizes(LENGTHS), theirs.batch_sizes)
