import pytest

from search_spaces.branches import Branch, find_branches
from search_spaces.catalogue import STUDIES
from search_spaces.change import apply_change
from search_spaces.studies.xia2022 import BOTTLENECKS, SEM
from search_spaces.study import ANY_CORPUS
from search_spaces.systems.xia import XIA
from search_spaces.trial import TrialConfig

ON_LINES = {"sem", "bottlenecks"}


def configs(**changes):
    return {name: apply_change(TrialConfig(), change) for name, change in changes.items()}


def depth(audio, vision=4):
    return {"model.audio.depth": audio, "model.vision.depth": vision}


def test_numbers_of_sems_are_two_branches() -> None:
    numbers = (0, 1, 2, 3, 4)
    assert find_branches(SEM.configs("iemocap", "paper")) == [
        Branch("model.audio.sem_after", tuple(f"SER, {n} SEM" for n in numbers), numbers),
        Branch("model.vision.sem_after", tuple(f"FER, {n} SEM" for n in numbers), numbers),
    ]


def test_branch_is_called_what_its_rows_begin_with() -> None:
    names = [branch.name for branch in find_branches(SEM.configs("iemocap", "tiny"))]
    assert names == ["SER", "FER"]


def test_branch_without_a_common_beginning_is_called_by_its_ends() -> None:
    (branch,) = find_branches(BOTTLENECKS.configs("iemocap", "tiny"))
    assert list(branch.values) == [1, 2, 4, 8, 16]
    assert branch.name == "1 to 16"


@pytest.mark.parametrize("study", STUDIES.values(), ids=STUDIES)
def test_other_studies_have_no_branches(study) -> None:
    assert bool(find_branches(study.configs("iemocap", "tiny"))) == (study.name in ON_LINES)


def test_values_are_sorted_and_rows_that_differ_otherwise_left_out() -> None:
    rows = configs(b=depth(2), a=depth(1), other=depth(1, vision=1), c=depth(6))
    assert find_branches(rows) == [Branch("model.audio.depth", ("a", "b", "c"), (1, 2, 6))]


def test_grid_gives_a_branch_for_each_value_of_the_other_field() -> None:
    rows = configs(**{f"{v}-{a}": depth(a, vision=v) for v in (1, 2) for a in (1, 2, 3)})
    assert [branch.rows for branch in find_branches(rows)] == [
        ("1-1", "1-2", "1-3"),
        ("2-1", "2-2", "2-3"),
    ]


def test_two_rows_are_no_line() -> None:
    assert find_branches(configs(a=depth(1), b=depth(2))) == []


@pytest.mark.parametrize(
    "values",
    [
        pytest.param([["conv1"], ["conv2"], ["conv3"]], id="equally long"),
        pytest.param([["conv1"], ["conv2", "conv3"], ["conv2"]], id="not contained"),
    ],
)
def test_lists_that_do_not_grow_are_no_numbers(values) -> None:
    baseline = XIA["tiny"][ANY_CORPUS]
    rows = {str(v): apply_change(baseline, {"model.audio.sem_after": v}) for v in values}
    assert find_branches(rows) == []
