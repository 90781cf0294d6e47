import pytest

from search_spaces.errors import StudyError
from search_spaces.metrics.registry import find_metric, metric_for
from search_spaces.metrics.withheld import join_name, split_name


@pytest.mark.parametrize(
    ("name", "of", "withheld"),
    [
        ("f1_without_audio", "f1", (("audio", 100),)),
        ("f1_without_audio_50", "f1", (("audio", 50),)),
        ("acc2_positive_without_text_5_vision", "acc2_positive", (("text", 5), ("vision", 100))),
    ],
)
def test_name_says_what_is_withheld(name: str, of: str, withheld: object) -> None:
    parts = split_name(name)
    assert parts == (of, withheld)
    assert join_name(*parts) == name


@pytest.mark.parametrize(
    "name",
    [
        *("f1", "f1_without", "f1_without_smell", "f1_without_audio_0", "f1_without_audio_101"),
        *("f1_without_audio_text", "f1_without_audio_audio", "without_audio"),
    ],
)
def test_other_names_withhold_nothing(name: str) -> None:
    assert split_name(name) is None


def test_metric_is_that_of_whole_utterances_but_for_its_name() -> None:
    metric, whole = find_metric("f1_without_text_30_audio"), find_metric("f1")
    assert (metric.name, metric.of) == ("f1_without_text_30_audio", "f1")
    assert metric.header == "F1 without text of 30 % and audio of all"
    assert (metric.unit, metric.sign, metric.needs) == (whole.unit, whole.sign, whole.needs)
    among_classes = metric_for("f1_without_audio", "multiclass")
    assert (among_classes.of, among_classes.withheld) == ("class_f1", (("audio", 100),))


def test_unknown_metric_is_told_by_its_own_name() -> None:
    with pytest.raises(StudyError, match=r"there is no metric 'f2'; .*choose from"):
        find_metric("f2_without_audio")
