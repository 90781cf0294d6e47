"""The branch of a modality whose hand-crafted features arrive packed."""

import torch
from torch import Tensor, nn

from models.parts.mlp import mean_of_steps
from models.parts.sequence import Lengths, first_rows, pad, repeat_each, send


class FeatureEncoder(nn.Module):
    """From rows of features to one vector for each utterance.

    `prepare` maps rows to rows, `layout` says which rows are steps of which utterance (as they
    come, or `PaddingAsSteps`), `encode` reads the steps.
    """

    def __init__(self, *, prepare: nn.Module, layout: nn.Module, encode: nn.Module) -> None:
        super().__init__()
        self.prepare = prepare
        self.layout = layout
        self.encode = encode

    def forward(self, rows: Tensor, lengths: Lengths) -> Tensor:
        """Encode the rows of each utterance.

        Shapes:
            rows: (N, D), lengths: B with sum N -> (B, width)
        """
        vectors: Tensor = self.encode(*self.layout(self.prepare(rows), lengths))
        return vectors


class AsPacked(nn.Module):
    """Each utterance has its own steps, without padding."""

    def forward(self, rows: Tensor, lengths: Lengths) -> tuple[Tensor, Lengths]:
        """Return both as they are."""
        return rows, lengths


class Windows(nn.Module):
    """Each step holds the rows of a window: a linear layer after it is a convolution over rows.

    Windows begin at each row and lie within the utterance. An utterance of fewer rows than a window
    gets rows of zeros after them, so it has one step.
    """

    def __init__(self, num_rows: int) -> None:
        super().__init__()
        self.num_rows = num_rows

    def forward(self, rows: Tensor, lengths: Lengths) -> tuple[Tensor, Lengths]:
        """Join the rows of each window.

        Shapes:
            rows: (N, D), lengths: B with sum N -> (N', num_rows * D), B with sum N'
        """
        kept = [max(length - self.num_rows + 1, 1) for length in lengths]
        begins = torch.cat([torch.arange(count) for count in kept])  # (N',)
        ends = repeat_each(lengths, kept)  # (N',)
        within = begins[:, None] + torch.arange(self.num_rows)  # (N', num_rows)
        places = repeat_each(first_rows(lengths), kept)[:, None] + within
        places = torch.where(within < ends[:, None], places, len(rows))  # len(rows): the zeros
        with_zeros = torch.cat([rows, rows.new_zeros(1, rows.shape[1])])
        return with_zeros[send(places, rows.device)].flatten(1), kept


class PaddingAsSteps(nn.Module):
    """Every utterance has as many steps as the longest of its batch: rows of zeros follow.

    The baselines of Dai et al. (NAACL 2021) do so. An utterance's output then depends on its batch.
    """

    def forward(self, rows: Tensor, lengths: Lengths) -> tuple[Tensor, Lengths]:
        """Lengthen each utterance.

        Shapes:
            rows: (N, D), lengths: B with sum N -> (B*T, D), B
        """
        states, _ = pad(rows, lengths)  # (B, T, D)
        return states.flatten(0, 1), [states.shape[1]] * len(lengths)


class TransformerOfRows(nn.Module):
    """The learned [CLS] state of a transformer over the steps."""

    def __init__(self, transformer: nn.Module) -> None:
        super().__init__()
        self.transformer = transformer

    def forward(self, rows: Tensor, lengths: Lengths) -> Tensor:
        """Read the first state.

        Shapes:
            rows: (N, D), lengths: B with sum N -> (B, D)
        """
        first: Tensor = self.transformer(pad(rows, lengths)).states[:, 0]
        return first


class MeanOfRows(nn.Module):
    """The mean over the steps."""

    def forward(self, rows: Tensor, lengths: Lengths) -> Tensor:
        """Average, in float32.

        Shapes:
            rows: (N, D), lengths: B with sum N -> (B, D)
        """
        return mean_of_steps(pad(rows, lengths))
