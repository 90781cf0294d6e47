"""From the decisions of the modalities, one logit per emotion each, to one decision.

A hidden modality of an utterance takes no part in its sum; at least one modality is kept.
"""

import torch
from torch import Tensor, nn

from models.parts.rules import Rule, constant
from models.parts.weighing import Weighing


class SingleDecision(nn.Module):
    """The decision of the only modality: there is nothing to weigh."""

    def forward(self, decisions: Tensor, _kept: Tensor) -> Tensor:
        """Return it.

        Shapes:
            decisions: (B, 1, K) -> (B, K)
        """
        return decisions[:, 0]


class WeightedSum(Weighing):
    """z = sum over m of w_m z_m, the same w for every emotion (Dai et al. 2021).

    Departure: the weights begin at 1 / M, as those of EmoEmbs do. The paper's code draws them, so a
    modality may begin with the wrong sign.
    """

    def __init__(self, *, num_modalities: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(num_modalities))

    def rules(self) -> dict[str, Rule]:
        """Begin with the mean."""
        return {"weight": constant(1 / self.weight.numel())}

    def forward(self, decisions: Tensor, kept: Tensor) -> Tensor:
        """Sum the decisions that are kept.

        Shapes:
            decisions: (B, M, K), kept: (B, M), bool -> (B, K)
        """
        return weigh(decisions, self.weights(decisions, kept))

    def weights(self, *inputs: Tensor) -> Tensor:
        """Return w, and 0 for what is hidden.

        Shapes:
            as `forward` -> (B, M)
        """
        _, kept = inputs
        return self.weight * kept


class AttentiveFusion(Weighing):
    """z = S a^T, a = softmax(W_2^T tanh(W_1 S)), S = [z_1, z_2, ...] (Xia et al. 2022).

    Departure: W_2 is (K, 1). It is printed as (K, 3), which does not give a weight per modality.
    """

    def __init__(self, *, num_emotions: int) -> None:
        super().__init__()
        self.transform = nn.Linear(num_emotions, num_emotions, bias=False)
        self.score = nn.Linear(num_emotions, 1, bias=False)

    def forward(self, decisions: Tensor, kept: Tensor) -> Tensor:
        """Average the decisions that are kept, each with its weight for this utterance.

        Shapes:
            decisions: (B, M, K), kept: (B, M), bool -> (B, K)
        """
        return weigh(decisions, self.weights(decisions, kept))

    def weights(self, *inputs: Tensor) -> Tensor:
        """Return a, which adds up to 1 over what is kept.

        Shapes:
            as `forward` -> (B, M)
        """
        decisions, kept = inputs
        scores = self.score(self.transform(decisions).tanh()).squeeze(-1)  # (B, M)
        return scores.float().masked_fill(~kept, -torch.inf).softmax(-1)


def weigh(decisions: Tensor, weights: Tensor) -> Tensor:
    """Sum decisions, each times its weight.

    Shapes:
        decisions: (B, M, K), weights: (B, M) -> (B, K)
    """
    return (weights[..., None] * decisions).sum(1)
