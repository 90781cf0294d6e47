"""The forms of the synthetic corpus: the same cues, and labels that are classes or numbers."""

import hashlib
from pathlib import Path

import numpy as np
import pytest
import torch

from corpora.batches.corpus import load_corpus
from corpora.preparation.known import SYNTHETIC_RECIPES, know_corpus
from corpora.preparation.prepare import prepare
from corpora.readers.clip_folder import read_clips
from corpora.source.names import SYNTHETIC_NAMES
from corpora.source.task import TaskKind
from corpora.store.folders import recipe_folder
from corpora.synthetic.corpus import (
    MODALITIES,
    PlannedClip,
    SyntheticConfig,
    plan_clips,
    synthetic_config,
    synthetic_digest,
    write_synthetic,
)
from corpora.synthetic.forms import EMOTIONS, FORMS, PRIORS, sentiment_of
from corpora.synthetic.reachable import best_class_scores, best_number_scores, score_table

PAGE = Path(__file__).parents[3] / "docs" / "synthetic.md"
CLASSES, NUMBERS = SyntheticConfig(task="multiclass"), SyntheticConfig(task="regression")
SUBSETS = [("text",), ("vision",), ("text", "vision")]

GOLDEN_DIGEST = "836a5a0ffe5147e99fac70c30412a05c787b7a7edd57264ead58baa4c8d295d3"
GOLDEN_PLAN = "8dbb64446c5e4e71835de5b400255f5c6916e1bb61155925eb2cc305d212b070"
"""Of version 0.1, which had one form. They may never change: trials name the digest."""


def many(task: TaskKind) -> list[PlannedClip]:
    return plan_clips(SyntheticConfig(num_utterances=30_000, seed=1, task=task))


@pytest.fixture(scope="module")
def many_of_one_class() -> list[PlannedClip]:
    return many("multiclass")


@pytest.fixture(scope="module")
def many_of_sentiment() -> list[PlannedClip]:
    return many("regression")


def states_of(clips: list[PlannedClip], subset: tuple[str, ...]) -> list[int]:
    """Number what the modalities show of each utterance."""
    states: dict[object, int] = {}
    return [
        states.setdefault(
            tuple((clip.cues[m], m == "text" and clip.reversing) for m in subset), len(states)
        )
        for clip in clips
    ]


def test_form_of_before_has_its_digest_and_its_clips() -> None:
    assert synthetic_digest() == GOLDEN_DIGEST
    plan = repr(plan_clips(SyntheticConfig())).encode()
    assert hashlib.sha256(plan).hexdigest() == GOLDEN_PLAN


@pytest.mark.parametrize("name", SYNTHETIC_NAMES)
def test_forms_are_known_before_they_are_made(name: str, tmp_path: Path) -> None:
    known = know_corpus(name, tmp_path)
    assert (known.name, known.kind, known.family) == (name, "synthetic", name)
    assert known.task == SYNTHETIC_NAMES[name] == synthetic_config(name).task
    others = {know_corpus(each, tmp_path).identify("le").fingerprint for each in SYNTHETIC_NAMES}
    assert len(others) == len(SYNTHETIC_NAMES)


def test_classes_are_one_an_utterance_in_proportion_to_the_priors(
    many_of_one_class: list[PlannedClip],
) -> None:
    """Tolerance 4 standard errors of a rate of one half."""
    labels = np.array([clip.labels for clip in many_of_one_class])
    assert (labels.sum(1) == 1).all()
    expected = np.array(PRIORS) / sum(PRIORS)
    assert labels.mean(0) == pytest.approx(expected, abs=4 * 0.5 / len(labels) ** 0.5)


def test_numbers_have_the_clips_of_emotions_and_their_weighted_sum() -> None:
    emotions, numbers = plan_clips(SyntheticConfig()), plan_clips(NUMBERS)
    assert emotions == numbers
    patterns = np.array([[0, 0, 0, 1, 0, 1], [1, 1, 1, 0, 1, 0], [0] * 6, [1, 0, 0, 1, 0, 0]])
    assert sentiment_of(patterns).tolist() == [2.8, -3.0, 0.0, 0.8]


@pytest.mark.parametrize("subset", SUBSETS, ids="+".join)
def test_best_class_scores_agree_with_counting_drawn_utterances(
    subset: tuple[str, ...], many_of_one_class: list[PlannedClip]
) -> None:
    """The standard error of a counted rate is at most .003; counting fits noise in rare states."""
    shown = states_of(many_of_one_class, subset)
    classes = np.array([clip.labels for clip in many_of_one_class])
    counts = np.stack([np.bincount(shown, of_class) for of_class in classes.T], axis=1)
    best = best_class_scores(CLASSES)[subset]
    assert best.accuracy == pytest.approx(counts.max(1).sum() / len(shown), abs=0.015)
    recalls = (counts / counts.sum(0)).max(1).sum() / len(EMOTIONS)
    assert best.uar == pytest.approx(recalls, abs=0.025)


@pytest.mark.parametrize("subset", SUBSETS, ids="+".join)
def test_best_number_scores_agree_with_counting_drawn_utterances(
    subset: tuple[str, ...], many_of_sentiment: list[PlannedClip]
) -> None:
    """The standard error of a counted score is at most .006; the tolerance is three."""
    shown = np.array(states_of(many_of_sentiment, subset))
    values = sentiment_of(np.array([clip.labels for clip in many_of_sentiment]))
    medians, means = np.empty_like(values), np.empty_like(values)
    for state in np.unique(shown):
        of_state = values[shown == state]
        medians[shown == state], means[shown == state] = np.median(of_state), of_state.mean()
    best = best_number_scores(NUMBERS)[subset]
    assert best.mae == pytest.approx(np.abs(values - medians).mean(), abs=0.018)
    assert best.correlation == pytest.approx(np.corrcoef(values, means)[0, 1], abs=0.018)


def test_more_modalities_never_reach_less() -> None:
    classes, numbers = best_class_scores(CLASSES), best_number_scores(NUMBERS)
    assert len(classes) == len(numbers) == 7
    for small in classes:
        for large in classes:
            if set(small) < set(large):
                assert classes[small].accuracy <= classes[large].accuracy + 1e-9
                assert classes[small].uar <= classes[large].uar + 1e-9
                assert numbers[small].mae >= numbers[large].mae - 1e-9
                assert numbers[small].correlation <= numbers[large].correlation + 1e-9
    for modality in MODALITIES:
        assert classes[(modality,)].uar < classes[MODALITIES].uar - 0.2


@pytest.mark.parametrize("config", [CLASSES, NUMBERS], ids=lambda config: config.task)
def test_page_prints_what_the_code_computes(config: SyntheticConfig) -> None:
    table = score_table(config)
    assert table in PAGE.read_text(encoding="utf-8"), f"put this table into {PAGE.name}:\n{table}"


@pytest.mark.parametrize("task", ["multiclass", "regression"])
def test_form_goes_from_its_clips_to_labels_of_batches(task: TaskKind, tmp_path: Path) -> None:
    config, form = SyntheticConfig(num_utterances=48, task=task), FORMS[task]
    write_synthetic(tmp_path / "clips", config, num_workers=2)
    source = read_clips(tmp_path / "clips", label_range=form.space.range)
    assert source.labels == form.space
    recipe = SYNTHETIC_RECIPES["le"]
    manifest = prepare(source, [recipe], name="made", storage=tmp_path)["le"]
    assert not manifest.rejects
    folder = recipe_folder(tmp_path, "made", "le")
    corpus = load_corpus(folder, manifest, None, torch.device("cpu"))
    patterns = {clip.name: clip.labels for clip in plan_clips(config)}
    test = corpus.splits["test"]
    planned = np.array([patterns[name] for name in test.ids])
    expected = planned if task == "multiclass" else sentiment_of(planned)[:, None]
    assert test.labels.numpy() == pytest.approx(expected)
