"""The semantic enhancement module (SEM; Xia et al. 2022): text attends to the sites of a map.

    Q = Conv_q(F),  k = W_k t,  v = W_v t,  s = Q^T k / sqrt(C),  a = softmax(s),  E = a v^T
    F' = ReLU(Conv_o(F + LN(E)))

With one text vector there is one key, and the paper does not say which axis the softmax is over:
each reading is a module here, with the same contract, in the slot `attend` of the SEM.
"""

from abc import abstractmethod
from math import sqrt
from typing import NamedTuple

import torch
from torch import Tensor, nn

from models.parts.rules import Rule, constant, identity
from models.parts.sequence import Lengths, Padded, repeat_each, send
from models.parts.weighing import Weighing


class FrameText(NamedTuple):
    """The text of each picture, which is the text of its utterance.

    Shapes:
        text: (B, T, D) and its mask, of B utterances
        utterances: (N,), int64, which utterance each picture belongs to
    """

    text: Padded
    utterances: Tensor


def text_of_frames(text: Padded, lengths: Lengths) -> FrameText:
    """Say which text belongs to which of some packed pictures.

    Shapes:
        text: (B, T, D), lengths: B with sum N
    """
    each = repeat_each(range(len(lengths)), lengths)  # (N,)
    return FrameText(text, send(each, text.states.device))


class FirstState(nn.Module):
    """The state of [CLS] alone, which stands for the whole text."""

    def forward(self, text: Padded) -> Padded:
        """Keep the first state.

        Shapes:
            (B, T, D) -> (B, 1, D)
        """
        return Padded(text.states[:, :1], text.mask[:, :1])


class SiteWeights(Weighing):
    """E_p = a_p v: each site gets its share of the one value."""

    def forward(self, queries: Tensor, keys: Tensor, values: Tensor, key_mask: Tensor) -> Tensor:
        """Give each site what it reads of the text, in float32 under autocast too.

        Shapes:
            queries: (N, HW, C), keys, values: (N, 1, C), key_mask: (N, 1) -> (N, HW, C)
        """
        return self.weights(queries, keys, values, key_mask)[..., None] * values.float()

    @abstractmethod
    def weights(self, *inputs: Tensor) -> Tensor:
        """Return a.

        Shapes:
            as `forward` -> (N, HW), float32
        """


class OverSites(SiteWeights):
    """a = softmax over the sites of s; it adds up to 1 over the map."""

    def weights(self, *inputs: Tensor) -> Tensor:
        """Return a.

        Shapes:
            as `forward` -> (N, HW), float32
        """
        queries, keys, *_ = inputs
        return scores(queries, keys).squeeze(-1).softmax(-1)


class RescaledOverSites(OverSites):
    """E_p = HW a_p v, a as in `OverSites`.

    A following layer norm over the map cancels any scale, except for its epsilon. The variance of
    unscaled maps is small beside that epsilon.
    """

    def forward(self, queries: Tensor, keys: Tensor, values: Tensor, key_mask: Tensor) -> Tensor:
        """Give each site what it reads of the text, on average all of it.

        Shapes:
            as `OverSites.forward`
        """
        return queries.shape[1] * super().forward(queries, keys, values, key_mask)


class OverOneKey(SiteWeights):
    """a = softmax over the one key of s, as printed: 1 everywhere, whatever Q and k are."""

    def weights(self, *inputs: Tensor) -> Tensor:
        """Return a.

        Shapes:
            as `forward` -> (N, HW), float32
        """
        queries, keys, *_ = inputs
        return scores(queries, keys).softmax(-1).squeeze(-1)


class Gate(SiteWeights):
    """a = sigmoid(s): each site by itself. Departure: the paper has a softmax."""

    def weights(self, *inputs: Tensor) -> Tensor:
        """Return a.

        Shapes:
            as `forward` -> (N, HW), float32
        """
        queries, keys, *_ = inputs
        return scores(queries, keys).squeeze(-1).sigmoid()


class OverTokens(Weighing):
    """E_p = sum over tokens of a_pt v_t, a = softmax over the tokens of s.

    Departure: the paper reads one vector of the text.
    """

    def forward(self, queries: Tensor, keys: Tensor, values: Tensor, key_mask: Tensor) -> Tensor:
        """Let each site attend to the tokens whose mask is True.

        Shapes:
            queries: (N, HW, C), keys, values: (N, T, C), key_mask: (N, T) -> (N, HW, C)
        """
        return self.weights(queries, keys, values, key_mask) @ values.float()

    def weights(self, *inputs: Tensor) -> Tensor:
        """Return a.

        Shapes:
            as `forward` -> (N, HW, T), float32
        """
        queries, keys, _, key_mask = inputs
        return scores(queries, keys).masked_fill(~key_mask[:, None], -torch.inf).softmax(-1)


def scores(queries: Tensor, keys: Tensor) -> Tensor:
    """Return s = Q^T k / sqrt(C).

    Shapes:
        queries: (N, HW, C), keys: (N, T, C) -> (N, HW, T), float32
    """
    return (queries @ keys.transpose(1, 2)).float() / sqrt(queries.shape[-1])


class IdentityConv(nn.Conv2d):
    """A 1 x 1 convolution that begins by returning its input."""

    def __init__(self, channels: int) -> None:
        super().__init__(channels, channels, kernel_size=1)

    def rules(self) -> dict[str, Rule]:
        """Begin with the unit matrix."""
        return {"weight": identity, "bias": constant(0)}


class SemanticEnhancement(nn.Module):
    """F' = ReLU(Conv_o(F + LN(E))), E from the reading in the slot `attend`.

    `read` picks the states of the text that give keys and values; `norm` is a layer norm of E laid
    out as (HW, C), over all of it or over C. The 1 x 1 convolutions of the text are linear layers.
    """

    def __init__(
        self,
        *,
        channels: int,
        text_width: int,
        read: nn.Module,
        attend: nn.Module,
        norm: nn.Module,
        out: nn.Module,
    ) -> None:
        super().__init__()
        self.read = read
        self.query = nn.Conv2d(channels, channels, kernel_size=1)
        self.key = nn.Linear(text_width, channels)
        self.value = nn.Linear(text_width, channels)
        self.attend = attend
        self.norm = norm
        self.out = out

    def forward(self, x: Tensor, frame_text: FrameText) -> Tensor:
        """Enhance a map by the text of its utterance; (N, C, H, W) is kept."""
        states, mask = self.read(frame_text.text)
        of_frames = frame_text.utterances
        queries = self.query(x).flatten(2).transpose(1, 2)  # (N, HW, C)
        keys, values = self.key(states)[of_frames], self.value(states)[of_frames]  # (N, T, C)
        enhancement = self.attend(queries, keys, values, mask[of_frames])  # (N, HW, C)
        enhancement = self.norm(enhancement.float())
        enhancement = enhancement.transpose(1, 2).unflatten(2, x.shape[2:])  # (N, C, H, W)
        out: Tensor = self.out(x + enhancement).relu()
        return out


class NoEnhancement(nn.Module):
    """The map as it is: a group without semantic enhancement."""

    def forward(self, x: Tensor, _frame_text: FrameText) -> Tensor:
        """Return the map; (N, C, H, W) is kept."""
        return x
