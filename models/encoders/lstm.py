"""LSTMs over packed rows, and what is read of them."""

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence

from models.parts.sequence import pad


class Lstm(nn.Module):
    """An LSTM over the real steps of each utterance; `read` makes one vector of its outputs."""

    def __init__(self, lstm: nn.LSTM, *, read: nn.Module) -> None:
        super().__init__()
        self.lstm = lstm
        self.read = read

    def forward(self, rows: Tensor, lengths: Tensor) -> Tensor:
        """Read the rows of each utterance, in float32: under autocast cuDNN would take float16.

        With `lengths` on the CPU nothing waits for the GPU.

        Shapes:
            rows: (N, D), lengths: (B,) with sum N -> (B, width)
        """
        steps = pack_padded_sequence(
            pad(rows.float(), lengths).states, lengths.cpu(), batch_first=True, enforce_sorted=False
        )
        with torch.autocast(rows.device.type, enabled=False):
            outputs, (finals, _) = self.lstm(steps)
        vectors: Tensor = self.read(outputs, finals)
        return vectors


class FinalStates(nn.Module):
    """The state after the last step and, of the backward direction, that after the first one."""

    def forward(self, outputs: PackedSequence, finals: Tensor) -> Tensor:
        """Concatenate the directions of the last layer.

        Shapes:
            finals: (2 layers, B, hidden) -> (B, 2 hidden)
        """
        return torch.cat([finals[-2], finals[-1]], dim=-1)


class LastStep(nn.Module):
    """What all directions have at the last step; the backward one has seen that step only."""

    def forward(self, outputs: PackedSequence, finals: Tensor) -> Tensor:
        """Take the outputs of the last step.

        Shapes:
            outputs: (B, T, directions * hidden), packed -> (B, directions * hidden)
        """
        states, lengths = pad_packed_sequence(outputs, batch_first=True)
        last = (lengths - 1).to(states.device, non_blocking=True)
        return states[torch.arange(len(states), device=states.device), last]


class SummedLastStep(nn.Module):
    """The sum of both directions at the last step."""

    def __init__(self) -> None:
        super().__init__()
        self.last = LastStep()

    def forward(self, outputs: PackedSequence, finals: Tensor) -> Tensor:
        """Sum the directions.

        Shapes:
            outputs: (B, T, 2 hidden), packed -> (B, hidden)
        """
        forward, backward = self.last(outputs, finals).chunk(2, dim=-1)
        return forward + backward


def freeze_unread(lstm: nn.LSTM) -> None:
    """Freeze what has no effect where both directions are read at the last step.

    There the backward direction of the last layer stands after its own first step, so its recurrent
    weights only ever meet a state of zeros.
    """
    name = f"weight_hh_l{lstm.num_layers - 1}_reverse"
    lstm.get_parameter(name).requires_grad_(False)
