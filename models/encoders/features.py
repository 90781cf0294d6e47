"""The branch of a modality whose hand-crafted features arrive packed."""

from torch import Tensor, nn

from models.parts.mlp import mean_of_steps
from models.parts.sequence import Lengths, pad


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
