from dataclasses import replace

import numpy as np
import pytest
import torch

from corpora.batches.batch import Batch
from corpora.forms.spectrogram import Spectrogrammer
from corpora.recipes.pictures import LE, LE_WAVE, XIA
from corpora.source.split import SPLITS
from orchestrator.floors import features
from orchestrator.floors.linear import INVERSE_PENALTIES, fit_linear
from reports.metrics.rankings import auc

NUM_UTTERANCES = 60


def draw(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw three features, of which the first tells the first of two emotions."""
    generator = np.random.default_rng(seed)
    x = generator.normal(size=(NUM_UTTERANCES, 3))
    noise = generator.normal(size=NUM_UTTERANCES)
    return x, np.stack([x[:, 0] > 0, noise > 0], axis=1).astype(np.int8)


def test_what_is_linear_is_learnt_and_noise_is_not() -> None:
    drawn = {split: draw(seed) for seed, split in enumerate(SPLITS)}
    labels = {split: y for split, (_, y) in drawn.items()}
    fit = fit_linear({split: (x, np.ones((len(x), 2))) for split, (x, _) in drawn.items()}, labels)
    told, noise = auc(labels["test"], fit.probabilities["test"])
    assert told > 0.95
    assert abs(noise - 0.5) < 0.2
    assert fit.inverse_penalty in INVERSE_PENALTIES


def test_penalty_is_the_strongest_of_those_that_validation_finds_equal() -> None:
    x = np.repeat([[-1.0], [1.0]], 10, axis=0)
    labels = np.repeat([[0], [1]], 10, axis=0).astype(np.int8)
    fit = fit_linear(dict.fromkeys(SPLITS, (x,)), dict.fromkeys(SPLITS, labels))
    assert fit.valid_score == 1
    assert fit.inverse_penalty == INVERSE_PENALTIES[0]


def test_test_split_chooses_nothing() -> None:
    drawn = {split: draw(seed) for seed, split in enumerate(SPLITS)}
    inputs = {split: (x,) for split, (x, _) in drawn.items()}
    labels = {split: y for split, (_, y) in drawn.items()}
    fit = fit_linear(inputs, labels)
    other = fit_linear(inputs, labels | {"test": 1 - labels["test"]})
    assert other.inverse_penalty == fit.inverse_penalty
    assert (other.probabilities["test"] == fit.probabilities["test"]).all()


def test_emotion_of_every_training_utterance_is_always_found() -> None:
    x, labels = draw(0)
    train = np.column_stack([labels[:, 0], np.ones(NUM_UTTERANCES)]).astype(np.int8)
    fit = fit_linear(dict.fromkeys(SPLITS, (x,)), {"train": train, "valid": labels, "test": labels})
    assert (fit.probabilities["test"][:, 1] == 1).all()


@pytest.mark.parametrize("recipe", [LE, XIA])
def test_padding_is_not_heard(recipe) -> None:
    settings = recipe.spectrogram
    height, width = settings.chunk_shape
    silence = 0.0 if recipe is LE else np.log(settings.log_offset)
    chunk = torch.full((1, 1, height, width), float(silence))
    heard = chunk[:, :, :, : width // 2] if recipe is LE else chunk[:, :, : height // 2]
    heard += 2.0
    (_, sound, _) = features._of_pictures(_batch(chunk), settings)
    mean, std = sound[0].split(settings.num_mels)
    expected = np.log(2.0) if recipe is LE else silence + 2.0
    assert mean.numpy() == pytest.approx(expected, abs=1e-5)
    assert std.numpy() == pytest.approx(0, abs=1e-5)


def test_wave_is_heard_as_the_spectrogram_of_the_same_sound_is() -> None:
    wave = np.random.default_rng(0).normal(size=6_400).astype(np.float32)
    spectrogram, chunks = (
        torch.from_numpy(Spectrogrammer(recipe.spectrogram)(wave))[:, None]
        for recipe in (LE, LE_WAVE)
    )
    (_, known, _) = features._of_pictures(
        replace(_batch(spectrogram), num_chunks=(len(spectrogram),)), LE.spectrogram
    )
    assert len(chunks) == 1
    (_, found, _) = features._of_pictures(_batch(chunks), LE_WAVE.spectrogram)
    torch.testing.assert_close(found, known)


def test_bag_marks_tokens_and_no_padding() -> None:
    (bag, _, faces) = features._of_pictures(_batch(torch.zeros(1, 1, 128, 32)), LE.spectrogram)
    assert bag.nonzero().tolist() == [[0, 1], [0, 4]]  # ids 2 and 5; id 0 pads
    assert not faces.any()  # there is none


def _batch(mels: torch.Tensor) -> Batch:
    return Batch(
        tokens=torch.tensor([[2, 5, 5, 0]]),
        token_mask=torch.tensor([[True, True, True, False]]),
        faces=torch.zeros(0, 3, 64, 64),
        num_faces=(0,),
        mels=mels,
        num_chunks=(1,),
        labels=torch.zeros(1, 2),
    )
