"""LSTMs over packed rows, and what is read from their outputs."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from models.parts.sequence import Lengths, first_rows, send


class Lstm(nn.Module):
    """An LSTM over the real steps of each utterance; `read` makes one vector of its outputs."""

    def __init__(self, lstm: nn.LSTM, *, read: nn.Module) -> None:
        super().__init__()
        self.lstm = lstm
        self.read = read

    def forward(self, rows: Tensor, lengths: Lengths) -> Tensor:
        """Read the rows of each utterance, in float32: under autocast cuDNN would take float16.

        PyTorch's `pack_padded_sequence` waits for the GPU if it has to sort; this does not.

        Shapes:
            rows: (N, D), lengths: B with sum N -> (B, width)
        """
        longest_first = np.argsort(-np.array(lengths), kind="stable")  # (B,)
        order = step_by_step(lengths, longest_first)  # (N,)
        data = rows.float().index_select(0, _send(order, rows.device))
        steps = PackedSequence(data, batch_sizes(lengths))
        with torch.autocast(rows.device.type, enabled=False):
            outputs, (finals, _) = self.lstm(steps, self._begin(data, len(lengths)))
        states = outputs.data.index_select(0, _send(order.argsort(), rows.device))  # (N, W)
        finals = finals.index_select(1, _send(longest_first.argsort(), rows.device))
        vectors: Tensor = self.read(states, finals, lengths)
        return vectors

    def _begin(self, data: Tensor, num_utterances: int) -> tuple[Tensor, Tensor]:
        """Return the states before the first step: zeros.

        Shapes:
            data: (N, D) -> (directions * layers, B, hidden) each
        """
        num_stacked = self.lstm.num_layers * (2 if self.lstm.bidirectional else 1)
        zeros = data.new_zeros(num_stacked, num_utterances, self.lstm.hidden_size)
        return zeros, zeros


def step_by_step(lengths: Lengths, longest_first: NDArray[np.int64]) -> NDArray[np.int64]:
    """List packed rows as an LSTM reads them: the first step of every utterance, the second, ...

    Shapes:
        lengths: B with sum N, longest_first: (B,), indices of utterances -> (N,)
    """
    steps = np.concatenate([np.arange(lengths[utterance]) for utterance in longest_first])
    firsts = np.array(first_rows(lengths))[longest_first].repeat(np.array(lengths)[longest_first])
    order: NDArray[np.int64] = (firsts + steps)[np.argsort(steps, kind="stable")]
    return order


def batch_sizes(lengths: Lengths) -> Tensor:
    """Count the utterances that have a first step, a second one, ..., on the CPU: (T,)."""
    return torch.from_numpy(len(lengths) - np.bincount(lengths).cumsum()[:-1])


def _send(indices: NDArray[np.int64], device: torch.device) -> Tensor:
    return send(torch.from_numpy(indices), device)


class FinalStates(nn.Module):
    """The final state of each direction: after the last step, and backward after the first."""

    def forward(self, states: Tensor, finals: Tensor, lengths: Lengths) -> Tensor:
        """Concatenate the directions of the last layer.

        Shapes:
            finals: (2 layers, B, hidden) -> (B, 2 hidden)
        """
        return torch.cat([finals[-2], finals[-1]], dim=-1)


class LastStep(nn.Module):
    """The outputs of all directions at the last step; the backward one has seen only that step."""

    def forward(self, states: Tensor, finals: Tensor, lengths: Lengths) -> Tensor:
        """Take the outputs of the last step.

        Shapes:
            states: (N, W), W = directions * hidden, lengths: B with sum N -> (B, W)
        """
        return states.index_select(0, _send(np.cumsum(lengths) - 1, states.device))


class SummedLastStep(nn.Module):
    """The sum of both directions at the last step."""

    def __init__(self) -> None:
        super().__init__()
        self.last = LastStep()

    def forward(self, states: Tensor, finals: Tensor, lengths: Lengths) -> Tensor:
        """Sum the directions.

        Shapes:
            states: (N, 2 hidden), lengths: B with sum N -> (B, hidden)
        """
        forward, backward = self.last(states, finals, lengths).chunk(2, dim=-1)
        return forward + backward


def freeze_unread(lstm: nn.LSTM) -> None:
    """Freeze the weights that have no effect if both directions are read at the last step.

    There the backward direction of the last layer has made only its own first step, so its
    recurrent weights are multiplied by a state of zeros.
    """
    name = f"weight_hh_l{lstm.num_layers - 1}_reverse"
    lstm.get_parameter(name).requires_grad_(False)
