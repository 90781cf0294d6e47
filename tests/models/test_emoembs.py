from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import nn

from models.build import build
from models.configs.emoembs import EmotionVectors, emotion_word
from models.encoders.emotion_match import EmotionMatch, random_vectors
from tests.models.baselines_factory import EMOEMBS, FEATURES, built, change, feature_rows

GENERATED = change(EMOEMBS, text=EmotionVectors(weights="random"))


def test_decision_is_the_inner_product_with_each_emotion():
    vectors = torch.tensor([[1.0, 0.0], [2.0, -1.0], [0.5, 0.5]])
    logits = EmotionMatch(vectors, mapping=nn.Identity())(torch.tensor([[3.0, 4.0]]))
    assert logits.tolist() == [[3.0, 2.0, 3.5]]


@torch.no_grad()
def test_other_modalities_map_the_vectors_to_their_own_length():
    mapping = nn.Linear(2, 1)
    mapping.weight.copy_(torch.tensor([[1.0, 10.0]]))
    mapping.bias.fill_(1.0)
    logits = EmotionMatch(torch.tensor([[1.0, 2.0], [0.0, 0.0]]), mapping=mapping)(
        torch.tensor([[2.0]])
    )
    assert logits.tolist() == [[2.0 * (1 + 20 + 1), 2.0]]


def test_vectors_are_those_of_the_task_and_do_not_learn():
    model: Any = built(EMOEMBS)
    for branch in model.branches.values():
        assert torch.equal(branch.head.vectors, FEATURES.emotion_vectors)
    assert not any("vectors" in name for name, _ in model.named_parameters())


def test_random_vectors_are_the_same_in_every_trial_and_for_every_modality():
    models: list[Any] = [built(GENERATED, seed=seed) for seed in (0, 1)]
    first, second = (model.branches for model in models)
    assert torch.equal(first["text"].head.vectors, second["text"].head.vectors)
    assert torch.equal(first["text"].head.vectors, first["audio"].head.vectors)


def test_random_vectors_belong_to_the_word():
    one, other = random_vectors(["sad", "angry"], 2000)
    assert torch.equal(random_vectors(["sad"], 2000)[0], one)
    assert not torch.equal(one, other)
    assert one.var().item() == pytest.approx(1, rel=0.1)


@torch.no_grad()
def test_compat_reads_the_last_step_of_the_padded_batch():
    model: Any = built(change(EMOEMBS, compat_dai_padding=True, standardise=False)).eval()
    batch = feature_rows()
    expected = torch.zeros(3, 6)
    for weight, name in zip(model.fusion.weight.flatten(), model.modalities, strict=True):
        branch = model.branches[name]
        rows = getattr(batch, name).split(getattr(batch, f"num_{name}"))
        padded = nn.utils.rnn.pad_sequence(list(rows), batch_first=True)
        outputs, _ = branch.encoder.encode.lstm(padded)  # neither packed nor masked
        state = outputs[:, -1].unflatten(-1, (2, -1)).sum(1)
        expected += weight * state @ branch.head.mapping(branch.head.vectors).T
    torch.testing.assert_close(model(batch), expected)


@pytest.mark.parametrize(
    ("emotion", "word"), [("exc", "exciting"), ("ang", "angry"), ("surprise", "surprise")]
)
def test_words_stand_for_emotions(emotion, word):
    assert emotion_word(emotion) == word


def test_missing_vectors_are_an_error():
    with pytest.raises(
        ValueError, match=r"the task holds no emotion_vectors, but model\.text\.weights is 'glove"
    ):
        build(EMOEMBS, replace(FEATURES, emotion_vectors=None))


def test_vectors_of_another_length_are_an_error():
    with pytest.raises(ValueError, match=r"model\.hidden\.text 8 differs .*; choose 50"):
        build(EMOEMBS, replace(FEATURES, emotion_vectors=torch.zeros(6, 50)))
