import numpy as np
import pytest

from reports.ledger.ledger import PREDICTIONS_FILE, RECORD_FILE, Ledger, LedgerError
from reports.ledger.withheld_file import write_withheld
from reports.scores.count_index import INDEX_FILE, CountIndex
from reports.scores.trials import TrialScores, count_by_cluster, decides_alike_on_valid
from search_spaces.metrics.metric import Withheld
from tests.reports.factories import make_predictions, make_split, make_trial, write_trial

WITHOUT: Withheld = (("text", 100),)


@pytest.fixture
def ledger(tmp_path):
    return Ledger(tmp_path)


@pytest.fixture
def record(ledger):
    return write_trial(ledger, make_trial(0), make_split(0, 4))


def found(scores, record, metric, emotion=None) -> float:
    score = scores.find(record, metric, emotion)
    assert score is not None
    return score


def test_mean_is_that_over_the_emotions(ledger, record):
    scores = TrialScores(ledger)
    each = [found(scores, record, "f1", emotion) for emotion in record.result.emotions]
    assert scores.find(record, "f1") == pytest.approx(np.mean(each))
    assert len(set(each)) > 1


def test_emotion_of_another_corpus_has_no_score(ledger, record):
    assert TrialScores(ledger).find(record, "f1", "joy") is None


def test_auc_is_computed_from_the_probabilities(ledger, record):
    assert 0.5 < found(TrialScores(ledger), record, "auc") < 1


def test_counts_of_a_cluster_are_those_of_its_utterances():
    labels = np.array([[1, 0], [1, 1], [0, 0]], np.int8)
    probabilities = np.array([[0.9, 0.9], [0.1, 0.9], [0.1, 0.1]], np.float32)
    predictions = make_predictions(labels, probabilities)
    predictions.groups[:] = ["b", "a", "b"]
    counts = count_by_cluster(predictions, np.array([0.5, 0.5]))
    assert {name: of.tolist() for name, of in counts.items()} == {
        "a": [[0, 0, 0, 1], [1, 0, 0, 0]],
        "b": [[1, 0, 1, 0], [0, 1, 1, 0]],
    }


def test_what_was_counted_is_known_the_next_time(ledger, record):
    first = TrialScores(ledger)
    expected = first.find(record, "f1")
    first.remember()
    (ledger.folder(record.key) / PREDICTIONS_FILE).unlink()
    assert TrialScores(ledger).find(record, "f1") == expected


def test_counts_of_another_record_of_the_same_key_are_not_taken(ledger, record):
    scores = TrialScores(ledger)
    scores.find(record, "f1")
    scores.remember()
    result = record.result.model_copy(update={"thresholds": (0.8,) * 3})
    changed = record.model_copy(update={"result": result})
    assert TrialScores(ledger).find(changed, "recall") == 0


def index_file(ledger):
    (path,) = (ledger.storage / INDEX_FILE).parent.iterdir()
    return path


def test_a_flipped_bit_anywhere_in_the_index_is_told_and_changes_no_score(ledger, record, caplog):
    scores = TrialScores(ledger)
    expected = scores.find(record, "f1")
    scores.remember()
    whole = index_file(ledger).read_bytes()
    for place in range(0, len(whole), 7):
        caplog.clear()
        damaged = bytearray(whole)
        damaged[place] ^= 1 << place % 8
        index_file(ledger).write_bytes(damaged)
        assert CountIndex(ledger.storage).find(record) is None
        assert f"index '{index_file(ledger)}' is damaged" in caplog.text
    again = TrialScores(ledger)
    assert again.find(record, "f1") == expected
    again.remember()
    assert index_file(ledger).read_bytes() == whole


def test_index_of_an_earlier_version_is_replaced(ledger, record):
    old = ledger.storage / INDEX_FILE
    old.parent.mkdir()
    old.write_bytes(b"without a digest in its name")
    scores = TrialScores(ledger)
    scores.find(record, "f1")
    scores.remember()
    assert index_file(ledger) != old


def test_two_writers_of_the_index_lose_nothing(ledger):
    records = [write_trial(ledger, make_trial(seed), make_split(seed, seed)) for seed in range(2)]
    writers = [CountIndex(ledger.storage) for _ in records]
    for writer, record in zip(writers, records, strict=True):
        writer.keep(record, np.full((3, 4), record.trial.seed))
        writer.write()
    index = CountIndex(ledger.storage)
    for record, expected in zip(records, (0, 1), strict=True):
        counts = index.find(record)
        assert counts is not None
        assert counts[0, 0] == expected


def test_missing_predictions_are_told(ledger, record):
    (ledger.folder(record.key) / PREDICTIONS_FILE).unlink()
    with pytest.raises(LedgerError, match="are missing though the trial has a record"):
        TrialScores(ledger).find(record, "f1")


@pytest.mark.parametrize(
    ("probabilities", "is_alike"),
    [
        ([[0.1, 0.9], [0.2, 0.8], [0.3, 0.7]], True),
        ([[0.1, 0.9], [0.6, 0.8], [0.3, 0.7]], False),
        ([[0.1, 0.9]], False),
    ],
    ids=["all", "all but one emotion", "only one utterance"],
)
def test_trial_that_decides_alike_on_validation_is_found(
    ledger: Ledger, probabilities: list[list[float]], is_alike: bool
) -> None:
    labels = np.arange(2 * len(probabilities)).reshape(-1, 2) % 2
    split = make_predictions(labels.astype(np.int8), np.array(probabilities))
    emotions = ("happy", "sad")
    record = write_trial(ledger, make_trial(0), split, (0.5, 0.5), emotions=emotions)
    assert decides_alike_on_valid(ledger, record) == is_alike
    (ledger.folder(record.key) / PREDICTIONS_FILE).unlink()
    with pytest.raises(LedgerError, match="are missing"):
        decides_alike_on_valid(ledger, record)


def test_predictions_without_modalities_are_read_once_they_are_made(ledger, record):
    scores = TrialScores(ledger)
    assert scores.read(record, WITHOUT) is None
    assert scores.find(record, "f1_without_text") is None
    assert scores.find_fault(record, "f1_without_text") is None
    worse = make_split(0, 8)
    write_withheld(ledger.storage, record, WITHOUT, worse)
    scores = TrialScores(ledger)
    test = scores.read(record, WITHOUT)
    assert test is not None
    assert np.array_equal(test.probabilities, worse.probabilities)
    assert scores.read(record, WITHOUT) is test
    assert scores.read(record, (("audio", 100),)) is None
    assert scores.find(record, "acc_without_text") == pytest.approx(0.6)
    assert scores.find(record, "acc") == pytest.approx(0.8)
    assert scores.count_by_cluster(record, WITHOUT)["dialogue-0"].sum() == 15


@pytest.mark.parametrize("metric", ["acc_without_text", "auc_without_text"])
@pytest.mark.parametrize("is_alike", [True, False])
def test_model_that_decides_alike_without_a_modality_is_constant(ledger, record, metric, is_alike):
    test = make_split(0, 4)
    if is_alike:
        test.probabilities[:] = 0.25
    write_withheld(ledger.storage, record, WITHOUT, test)
    expected = "constant" if is_alike else None
    assert TrialScores(ledger).find_fault(record, metric) == expected


def test_known_record_is_not_read_again(ledger, record):
    (ledger.folder(record.key) / RECORD_FILE).unlink()
    scores = TrialScores(ledger)
    assert scores.finished([record.key]) == {}
    scores.know({record.key: record})
    assert scores.finished([record.key]) == {record.key: record}
