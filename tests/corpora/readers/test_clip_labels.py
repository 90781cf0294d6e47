import pytest

from corpora.readers.clip_labels import ClipLabels, read_labels
from corpora.source.label_space import LabelSpace, Range
from corpora.source.task import TaskKind


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


def labels_of(
    columns: dict[str, list[str]],
    task: TaskKind | None = None,
    label_range: Range | None = None,
    *,
    has_commas: bool = False,
) -> ClipLabels:
    """Read a table that is given by its columns; its first line is line 2."""
    rows = zip(*columns.values(), strict=True)
    lines = {number: dict(zip(columns, row, strict=True)) for number, row in enumerate(rows, 2)}
    return read_labels(
        list(columns), lines, has_commas=has_commas, task=task, label_range=label_range
    )


@pytest.mark.parametrize("column", ["emotion", "Label"])
def test_names_are_emotions_unless_classes_are_asked_for(column: str) -> None:
    cells = {column: ["sad", "glad", "sad"]}
    emotions, classes = labels_of(cells), labels_of(cells, "multiclass")
    assert emotions.space == LabelSpace(("glad", "sad"))
    assert classes.space == LabelSpace(("glad", "sad"), "multiclass")
    assert emotions.of_line == classes.of_line == {2: (0, 1), 3: (1, 0), 4: (0, 1)}
    assert not [*emotions.faults, *classes.faults]


def test_column_class_holds_classes_unless_emotions_are_asked_for() -> None:
    cells = {"class": ["sad", "glad"]}
    assert labels_of(cells).space.task == "multiclass"
    assert labels_of(cells, "multilabel").space.task == "multilabel"
    assert labels_of({"class": ["0", "1"]}).space == LabelSpace(("class",))


def test_any_column_of_names_gives_classes_if_they_are_asked_for() -> None:
    assert labels_of({"mood": ["sad", "glad"]}, "multiclass").space.names == ("glad", "sad")


def test_flags_give_classes_if_each_line_has_one() -> None:
    flags = {"glad": ["1", "0", "1"], "sad": ["0", "1", "1"]}
    labels = labels_of(flags, "multiclass")
    assert labels.space == LabelSpace(("glad", "sad"), "multiclass")
    assert labels.faults == ["line 4: 2 of glad, sad are 1, but an utterance has one class"]


def test_columns_of_numbers_are_targets() -> None:
    labels = labels_of({"valence": ["-1.5", "0", "3"], "arousal": ["2", "1e1", "1"]})
    assert labels.space == LabelSpace(("valence", "arousal"), "regression")
    assert labels.of_line == {2: (-1.5, 2), 3: (0, 10), 4: (3, 1)}


def test_numbers_of_zero_and_one_are_targets_if_that_is_said() -> None:
    cells = {"trust": ["0", "1", "0.0"]}
    assert labels_of(cells).space.task == "multilabel"
    assert labels_of(cells, "regression").of_line == {2: (0,), 3: (1,), 4: (0,)}


def test_column_label_may_hold_numbers_too() -> None:
    assert labels_of({"label": ["0.4", "-2.2"]}).space == LabelSpace(("label",), "regression")
    whole = {"label": ["2", "3", "1"]}
    fault = "column 'label' holds whole numbers, which may be scores or stand for classes: give "
    assert fault in labels_of(whole).faults[0]
    assert labels_of(whole, "regression").of_line == {2: (2,), 3: (3,), 4: (1,)}


def test_decimal_commas_are_read_where_commas_divide_no_cells() -> None:
    cells = {"valence": ["-1,5", "0,125"]}
    assert labels_of(cells, has_commas=True).of_line == {2: (-1.5,), 3: (0.125,)}
    assert labels_of(cells).faults == [
        "line 2, valence: '-1,5' has a decimal comma; write -1.5",
        "line 3, valence: '0,125' has a decimal comma; write 0.125",
    ]


@pytest.mark.parametrize(
    ("cells", "faults"),
    [
        (["3.5", "-9"], ["line 2, valence: 3.5 is outside of -3 to 3", "line 3, valence: -9 is"]),
        (["2.5", "nan", "2"], ["line 3, valence: 'nan' is not a number, such as 1.5"]),
        (["2.5", "", "2"], ["line 3, valence: is empty; a target needs a number in each line"]),
        (["2.5", "high", "2"], ["line 3, valence: 'high' is not a number, such as 1.5"]),
    ],
    ids=["range", "nan", "empty", "a name"],
)
def test_bad_number_is_named_with_its_line(cells: list[str], faults: list[str]) -> None:
    found = labels_of({"valence": cells}, label_range=(-3.0, 3.0)).faults
    assert len(found) == len(faults)
    assert all(one.startswith(fault) for one, fault in zip(found, faults, strict=True))


def test_number_among_names_is_named_with_its_line() -> None:
    faults = labels_of({"class": ["sad", "glad", "3"]}).faults
    assert faults == [
        "line 4, class: '3' is no name of an emotion; write such as happy, or call the column happy"
    ]


@pytest.mark.parametrize(
    ("columns", "task", "fault"),
    [
        ({"glad": ["1", "0"], "age": ["31", "42"]}, None, "give --task regression if all columns"),
        ({"class": ["glad", "sad"], "age": ["31", "42"]}, None, "--ignore COLUMN"),
        ({"glad": ["1", "0"], "sad": ["0", "2"]}, None, "line 3, sad: '2' is not 0 or 1"),
        ({"valence": ["1.5", "2.5"]}, "multilabel", "no cell is 0 or 1"),
        ({"valence": ["1.5", "2.5"]}, "multiclass", "'1.5' is no name of an emotion"),
        ({"class": ["glad", "sad"]}, "regression", "line 2, class: 'glad' is not a number"),
    ],
)
def test_cells_that_do_not_fit_the_task_are_refused(
    columns: dict[str, list[str]], task: TaskKind | None, fault: str
) -> None:
    assert fault in "; ".join(labels_of(columns, task).faults)


def test_range_is_refused_where_there_are_no_numbers() -> None:
    faults = labels_of({"glad": ["1", "0"]}, label_range=(0.0, 1.0)).faults
    assert faults == ["a range is only that of numbers, with --task regression"]


def test_range_that_goes_down_is_refused() -> None:
    faults = labels_of({"valence": ["1.5", "2"]}, label_range=(3.0, -3.0)).faults
    assert faults == ["the range 3 to -3 goes down; write the lower number first"]
