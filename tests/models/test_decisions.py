from dataclasses import dataclass

import pytest
import torch
from torch import Tensor, nn

from models.builders.decision_fusion import build_decision_fusion
from models.configs import decision_fusion as configs
from models.fusion.decisions import AttentiveFusion, SingleDecision, WeightedSum
from models.init import init_weights
from models.inputs import READ, READ_FEATURES
from models.parts.modality_dropout import ModalityDropout
from models.parts.weighing import weights_of
from models.systems.decision_fusion import DecisionFusionModel
from tests.models.xia_factory import xia_utterances

DECISIONS = torch.tensor([[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]])  # (B, M, K)
ALL_KEPT = torch.ones(1, 3, dtype=torch.bool)
SECOND_HIDDEN = torch.tensor([[True, False, True]])


def weighted_sum():
    fusion = WeightedSum(num_modalities=3)
    with torch.no_grad():
        fusion.weight.copy_(torch.tensor([0.5, 2.0, -1.0]))
    return fusion


def attentive():
    fusion = AttentiveFusion(num_emotions=2)
    init_weights(fusion, 0)
    return fusion


def test_weighted_sum_weighs_every_emotion_alike():
    logits = weighted_sum()(DECISIONS, ALL_KEPT)
    assert logits.tolist() == [[0.5 + 6 - 5, 1 + 8 - 6]]


def test_weighted_sum_leaves_a_hidden_decision_out():
    assert weighted_sum()(DECISIONS, SECOND_HIDDEN).tolist() == [[0.5 - 5, 1 - 6]]


def test_weighted_sum_begins_with_the_mean():
    fusion = WeightedSum(num_modalities=3)
    init_weights(fusion, 0)
    torch.testing.assert_close(fusion(DECISIONS, ALL_KEPT), DECISIONS.mean(1))


@torch.no_grad()
def test_attentive_fusion_equals_the_equation_of_the_paper():
    fusion = attentive()
    columns = DECISIONS[0].T  # S, (K, M)
    attention = (fusion.score.weight @ torch.tanh(fusion.transform.weight @ columns)).softmax(1)
    torch.testing.assert_close(fusion(DECISIONS, ALL_KEPT), (columns @ attention.T).T)


@torch.no_grad()
def test_attentive_fusion_of_some_is_that_of_the_others_alone():
    fusion = attentive()
    alone = fusion(DECISIONS[:, [0, 2]], ALL_KEPT[:, :2])
    torch.testing.assert_close(fusion(DECISIONS, SECOND_HIDDEN), alone)


@pytest.mark.parametrize("make", [weighted_sum, attentive])
def test_weights_are_those_of_the_modalities(make):
    model = nn.ModuleDict({"fusion": make()})
    with weights_of(model) as weights:
        logits = model["fusion"](DECISIONS, SECOND_HIDDEN)
    assert weights["fusion"].shape == (1, 3)
    assert weights["fusion"][0, 1] == 0
    torch.testing.assert_close((weights["fusion"][..., None] * DECISIONS).sum(1), logits)


def test_one_modality_has_no_weights_to_learn():
    fusion = build_decision_fusion(configs.AttentiveFusion(), num_modalities=1, num_emotions=2)
    assert isinstance(fusion, SingleDecision)
    assert fusion(DECISIONS[:, :1], ALL_KEPT[:, :1]).tolist() == [[1, 2]]


class Decide(nn.Module):
    """Stands for a branch: the same decision for each utterance."""

    def __init__(self, decision):
        super().__init__()
        self.decision = torch.tensor(decision)

    def forward(self, _, lengths):
        return self.decision.expand(len(lengths), -1)


@dataclass
class Rows:
    """Stands for hand-crafted features."""

    text: Tensor
    num_text: tuple[int, ...]
    audio: Tensor
    num_audio: tuple[int, ...]


def model_of(read, *, rate=0.0):
    return DecisionFusionModel(
        read=read,
        branches={"audio": Decide([2.0, 3.0]), "text": Decide([10.0, 20.0])},
        modality_dropout=ModalityDropout(rate),
        fusion=build_decision_fusion(configs.WeightedSum(), num_modalities=2, num_emotions=2),
    )


def test_model_reads_pictures_and_features():
    rows = Rows(torch.ones(5, 3), (2, 3), torch.ones(2, 3), (1, 1))
    for model, inputs, num_utterances in (
        (model_of(READ), xia_utterances(), 3),
        (model_of(READ_FEATURES), rows, 2),
    ):
        init_weights(model, 0)
        assert model(inputs).tolist() == [[6, 11.5]] * num_utterances


def test_model_hides_decisions_in_training():
    model = model_of(READ, rate=0.5)
    init_weights(model, 0)
    torch.manual_seed(0)
    logits = {tuple(row) for _ in range(20) for row in model(xia_utterances()).tolist()}
    assert logits == {(6, 11.5), (5, 10), (1, 1.5)}
