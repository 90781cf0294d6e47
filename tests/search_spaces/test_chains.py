import pytest

from search_spaces.catalogue import STUDIES
from search_spaces.chains import find_chains
from search_spaces.study import Row

CHAINS = {
    "components": [
        (
            "Early Fusion",
            "+ Transformer-based Fusion",
            "+ Transformer-based Fusion + Emotion-level Embedding",
        )
    ],
    "controls": [("faces, first frame", "faces", "full")],
    "modules": [("MER", "MER-SEM", "MER-SEM-MBT"), ("MER", "MER-MBT", "MER-SEM-MBT")],
}


@pytest.mark.parametrize("study", STUDIES.values(), ids=STUDIES)
def test_chains_of_the_papers(study) -> None:
    assert find_chains(study.rows) == CHAINS.get(study.name, [])


def rows(**changes):
    return [Row(name=name, change=dict.fromkeys(paths, 0)) for name, paths in changes.items()]


def test_order_of_the_rows_does_not_matter() -> None:
    assert find_chains(rows(full="", without_a="a", without_both="ab")) == [
        ("without_both", "without_a", "full")
    ]


def test_longest_chain_of_the_smallest_steps_is_taken() -> None:
    assert find_chains(rows(far="abxyz", near="abc", middle="ab", full="")) == [
        ("near", "middle", "full")
    ]


def test_equal_fields_of_other_values_are_not_nested() -> None:
    numbers = [Row(name=str(n), change={"a": n, "b": n}) for n in range(3)]
    assert find_chains([*numbers, Row(name="full")]) == []


def test_row_with_its_own_baseline_is_in_no_chain() -> None:
    nested = rows(both="ab", one="a", full="")
    assert find_chains(nested)
    own = nested[1].model_copy(update={"baseline": {}})
    assert find_chains([nested[0], own, nested[2]]) == []
