import pytest

from corpora.readers.clip_labels import read_labels


def faults_of(columns: list[str], *cells: str) -> str:
    lines = {number: dict.fromkeys(columns, cell) for number, cell in enumerate(cells, start=2)}
    return "; ".join(read_labels(columns, lines).faults)


@pytest.mark.parametrize(
    ("cells", "fault"),
    [
        (("happy", "Happy"), "line 3, emotion: 'Happy' was 'happy' before"),
        (("happy", "happy|sad"), "line 3, emotion: 'happy|sad' may be several emotions"),
        (("happy", ""), "line 3, emotion: is empty; name the emotion"),
        (("0", "3"), "line 2, emotion: '0' is no name of an emotion"),
        (("happy", "x" * 101), "has 101 letters; an emotion's has at most 100"),
    ],
)
def test_name_that_is_not_certain_is_refused(cells: tuple[str, ...], fault: str) -> None:
    assert fault in faults_of(["emotion"], *cells)


def test_names_beside_other_emotions_are_refused() -> None:
    assert "'notes' would be emotions too; leave out" in faults_of(["emotion", "notes"], "happy")


@pytest.mark.parametrize(
    ("column", "fault"),
    [("x" * 300, "has 300 letters"), ("a\x1b[2J", "holds a control character")],
)
def test_column_whose_name_cannot_be_an_emotion_is_refused(column: str, fault: str) -> None:
    assert fault in faults_of([column], "0", "1")


def test_labels_may_be_true_and_false() -> None:
    labels = read_labels(["happy"], {2: {"happy": "TRUE"}, 3: {"happy": "false"}})
    assert labels.of_line == {2: (1,), 3: (0,)}
