"""Encoders across modalities: the sequences of sound and faces read each other.

All take and return one sequence for each modality, by its name. `nn.Identity` changes nothing.
"""

from collections.abc import Iterable, Mapping

import torch
from torch import Tensor, nn

from models.configs.base import Modality
from models.fusion.sequences import BottleneckLayer
from models.parts.layers import Attention
from models.parts.pre_norm import PreNormFeedForward
from models.parts.rules import UNIT_VARIANCE, Rule, uniform
from models.parts.sequence import Padded
from models.parts.transformer import Transformer

Sequences = Mapping[Modality, Padded]


class IndependentTransformers(nn.Module):
    """A transformer for each modality: nothing is exchanged."""

    def __init__(self, transformers: Mapping[str, Transformer]) -> None:
        super().__init__()
        self.transformers = nn.ModuleDict(transformers)

    def forward(self, sequences: Sequences) -> Sequences:
        """Let the steps of each sequence attend to each other.

        Shapes:
            (B, T_m, D) of each -> the same
        """
        return {name: self.transformers[name](sequence) for name, sequence in sequences.items()}


class JointTransformer(nn.Module):
    """One transformer over the joined sequences, which are split again after it."""

    def __init__(self, transformer: Transformer) -> None:
        super().__init__()
        self.transformer = transformer

    def forward(self, sequences: Sequences) -> Sequences:
        """Let all real steps of all sequences attend to each other.

        Shapes:
            (B, T_m, D) of each -> the same
        """
        states, _ = self.transformer(*sequences.values())
        masks = [sequence.mask for sequence in sequences.values()]
        parts = states.split([mask.shape[1] for mask in masks], dim=1)
        return dict(zip(sequences, map(Padded, parts, masks), strict=True))


class CompressExpand(nn.Module):
    """Two modalities write into a bottleneck, then read from it (Liu et al. 2022, UMT).

    b' = b + sum over m of MHA_m(LN(b), LN(x_m), LN(x_m))        (compression)
    x_m' = x_m + MHA'_m(LN(x_m), LN(b'), LN(b'))                 (expansion)
    x_m'' = x_m' + FFN_m(LN(x_m'))

    A modality uses the same norm in compression and in expansion.
    """

    def __init__(
        self,
        *,
        width: int,
        compress: Mapping[str, Attention],
        expand: Mapping[str, Attention],
        feed_forward: Mapping[str, PreNormFeedForward],
        dropout: float,
    ) -> None:
        super().__init__()
        self.token_norm = nn.LayerNorm(width)
        self.compressed_norm = nn.LayerNorm(width)
        self.norms = nn.ModuleDict({name: nn.LayerNorm(width) for name in compress})
        self.compress = nn.ModuleDict(compress)
        self.expand = nn.ModuleDict(expand)
        self.feed_forward = nn.ModuleDict(feed_forward)
        self.dropout = nn.Dropout(dropout)

    def forward(self, bottleneck: Tensor, sequences: Sequences) -> tuple[Tensor, Sequences]:
        """Exchange once.

        Shapes:
            bottleneck: (B, num_tokens, D), sequences: (B, T_m, D) of each -> the same
        """
        normed = {name: self.norms[name](states) for name, (states, _) in sequences.items()}
        tokens = self.token_norm(bottleneck)
        for name, (_, mask) in sequences.items():
            written = self.compress[name](tokens, normed[name], mask)
            bottleneck = bottleneck + self.dropout(written)
        tokens = self.compressed_norm(bottleneck)
        outs = {}
        for name, (states, mask) in sequences.items():
            read = self.expand[name](normed[name], tokens, None)
            outs[name] = Padded(self.feed_forward[name](states + self.dropout(read)), mask)
        return bottleneck, outs


class NagraniLayer(nn.Module):
    """`models.fusion.sequences.BottleneckLayer` for sequences that have names."""

    def __init__(self, layers: Iterable[nn.Module]) -> None:
        super().__init__()
        self.exchange = BottleneckLayer(layers)

    def forward(self, bottleneck: Tensor, sequences: Sequences) -> tuple[Tensor, Sequences]:
        """Exchange once.

        Shapes:
            bottleneck: (B, num_tokens, D), sequences: (B, T_m, D) of each -> the same
        """
        bottleneck, outs = self.exchange(bottleneck, [*sequences.values()])
        return bottleneck, dict(zip(sequences, outs, strict=True))


class BottleneckTransformer(nn.Module):
    """Layers of exchange through a few learned tokens.

    Layers are `CompressExpand` (Liu et al. 2022, which Xia et al. call MBT), or `NagraniLayer`
    (Nagrani et al. 2021, who named it so). The tokens begin with the deviation `token_std`.
    """

    def __init__(
        self, *, num_tokens: int, width: int, token_std: float, layers: Iterable[nn.Module]
    ) -> None:
        super().__init__()
        self.token_std = token_std
        self.bottleneck = nn.Parameter(torch.empty(num_tokens, width))
        self.layers = nn.ModuleList(layers)

    def rules(self) -> dict[str, Rule]:
        """Draw the tokens."""
        return {"bottleneck": uniform(self.token_std * UNIT_VARIANCE)}

    def forward(self, sequences: Sequences) -> Sequences:
        """Exchange in every layer.

        Shapes:
            (B, T_m, D) of each -> the same
        """
        num_utterances = len(next(iter(sequences.values())).states)
        bottleneck = self.bottleneck.expand(num_utterances, -1, -1)  # (B, num_tokens, D)
        for layer in self.layers:
            bottleneck, sequences = layer(bottleneck, sequences)
        return sequences


class BiCrossLayer(nn.Module):
    """a' = a + MHA_a(LN(a), LN(v), LN(v)), a'' = a' + FFN_a(LN(a')), and likewise v''.

    A modality uses the same norm for its queries and for the keys and values that the other reads.
    """

    def __init__(
        self,
        *,
        width: int,
        attention: Mapping[str, Attention],
        feed_forward: Mapping[str, PreNormFeedForward],
        dropout: float,
    ) -> None:
        super().__init__()
        self.norms = nn.ModuleDict({name: nn.LayerNorm(width) for name in attention})
        self.attention = nn.ModuleDict(attention)
        self.feed_forward = nn.ModuleDict(feed_forward)
        self.dropout = nn.Dropout(dropout)

    def forward(self, sequences: Sequences) -> Sequences:
        """Let each of two sequences attend to the other.

        Shapes:
            (B, T_m, D) of each -> the same
        """
        normed = {name: self.norms[name](states) for name, (states, _) in sequences.items()}
        first, second = sequences
        outs = {}
        for name, other in ((first, second), (second, first)):
            states, mask = sequences[name]
            read = self.attention[name](normed[name], normed[other], sequences[other].mask)
            outs[name] = Padded(self.feed_forward[name](states + self.dropout(read)), mask)
        return outs
