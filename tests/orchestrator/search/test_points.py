from dataclasses import replace
from pathlib import Path

import pytest

from corpora.preparation.known import KnownCorpus, know_corpus
from corpora.recipes.pictures import LE
from corpora.store.manifest import CorpusIdentity
from orchestrator.search.points import TRAINING_SEED, Points
from search_spaces.errors import StudyError
from search_spaces.space import Point, Space
from search_spaces.spaces.architecture import ARCHITECTURE
from tests.orchestrator.search.factories import SPACE

DEEP = Point("le", {}, {"model.head.depth": 3})


def make_points(space: Space = SPACE, fingerprint: str = "f00d", face_px: int = 64) -> Points:
    recipe = LE.model_copy(update={"face_px": face_px})
    identity = CorpusIdentity(name="mine", kind="clips", fingerprint=fingerprint, recipe=recipe)
    return Points(space, KnownCorpus("mine", "clips", lambda recipe: identity), "tiny")


def test_trial_of_a_point_is_that_of_its_config_on_the_corpus() -> None:
    trial = make_points().trial(DEEP)
    assert trial.config.model.model_dump()["head"]["depth"] == 3
    assert (trial.corpus.name, trial.corpus.fingerprint) == ("mine", "f00d")
    assert trial.seed == TRAINING_SEED
    assert make_points().key_of(DEEP) == trial.key


def test_point_that_is_no_model_has_no_key() -> None:
    point = Point("le", {}, {"model.head.depht": 3})
    with pytest.raises(StudyError, match=r"model.head has no field 'depht'"):
        make_points().trial(point)
    assert make_points().key_of(point) == ""


def test_corpus_of_numbers_is_refused() -> None:
    corpus = replace(make_points().corpus, task="regression")
    with pytest.raises(StudyError, match="labels of corpus 'mine' are numbers"):
        Points(SPACE, corpus, "tiny")


def test_corpus_prepared_otherwise_is_told() -> None:
    with pytest.raises(StudyError, match=r"space 'small', model.vision.face_px: needs 64, but"):
        _ = make_points(face_px=32).recipes


def test_identity_changes_with_all_that_scores_depend_on() -> None:
    identity = make_points().identity
    assert make_points(SPACE.model_copy(update={"title": "Renamed"})).identity == identity
    changed = [
        make_points(fingerprint="beef"),
        make_points(SPACE.model_copy(update={"fields": SPACE.fields[:1]})),
        make_points(SPACE.model_copy(update={"change": {"training.max_epochs": 3}})),
        make_points(SPACE.model_copy(update={"systems": {"one": SPACE.systems["le"]}})),
    ]
    assert len({identity, *(points.identity for points in changed)}) == len(changed) + 1


def test_recipes_and_length_are_those_of_all_systems(tmp_path: Path) -> None:
    points = Points(ARCHITECTURE, know_corpus("synthetic", tmp_path), "tiny")
    assert points.recipes == ["le", "xia"]
    assert points.max_epochs == 6  # the most of its systems
