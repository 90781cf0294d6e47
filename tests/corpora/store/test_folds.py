from pathlib import Path

import pyarrow as pa
import pytest

from corpora.source.errors import CorpusError, DamagedCorpusError
from corpora.source.split import Split
from corpora.store.folds import Folds, FoldView, folds_file, read_folds, write_folds

FOLDS = Folds(
    rule="speakers",
    names=("ann", "bob", "cy", "dan"),
    assigned={"a": 1, "b": 2, "c": 3, "d": 4, "e": 1, "f": 2, "g": 3, "h": 4},
)


def tables(**ids: str) -> dict[Split, pa.Table]:
    """Make the tables of the splits, with a number for each utterance."""
    splits: tuple[Split, ...] = ("train", "valid", "test")
    return {
        split: pa.table({"utterance": list(ids[split]), "number": list(map(ord, ids[split]))})
        for split in splits
    }


@pytest.mark.parametrize(
    ("tested", "test", "valid", "train"),
    [(1, "ae", "bf", "cdgh"), (2, "bf", "cg", "adeh"), (4, "dh", "ae", "bcfg")],
)
def test_the_next_fold_validates_and_the_others_train(
    tested: int, test: str, valid: str, train: str
) -> None:
    dealt = FoldView(FOLDS, tested).of(tables(train="aceg", valid="bd", test="fh"))
    assert {split: "".join(one["utterance"].to_pylist()) for split, one in dealt.items()} == {
        "train": train,
        "valid": valid,
        "test": test,
    }
    for one in dealt.values():
        assert one["number"].to_pylist() == [ord(name) for name in one["utterance"].to_pylist()]


def test_nothing_is_copied() -> None:
    files = tables(train="abcd", valid="ef", test="gh")
    buffers = {
        chunk.buffers()[1].address for table in files.values() for chunk in table["number"].chunks
    }
    dealt = FoldView(FOLDS, 1).of(files)
    chunks = [chunk for table in dealt.values() for chunk in table["number"].chunks]
    assert {chunk.buffers()[1].address for chunk in chunks} == buffers
    assert [len(chunk) for chunk in dealt["train"]["number"].chunks] == [2, 2]  # cd of abcd, gh


def test_what_a_recipe_rejected_is_left_out() -> None:
    dealt = FoldView(FOLDS, 1).of(tables(train="ac", valid="b", test="h"))
    assert dealt["test"]["utterance"].to_pylist() == ["a"]
    with pytest.raises(CorpusError, match=r"split 'valid' is empty while fold 'cy' is tested"):
        FoldView(FOLDS, 3).of(tables(train="ac", valid="b", test="f"))


def test_utterance_of_no_fold_is_told() -> None:
    with pytest.raises(CorpusError, match=r"utterance 'x' and 1 others are in no fold.*--folds"):
        FoldView(FOLDS, 1).of(tables(train="abx", valid="c", test="dy"))


def test_folds_are_read_as_they_were_written(tmp_path: Path) -> None:
    assert read_folds(tmp_path, "mine") is None
    write_folds(tmp_path, "mine", FOLDS)
    read = read_folds(tmp_path, "mine")
    assert read == FOLDS
    assert read is not None
    assert read.digest == FOLDS.digest
    assert list(read.assigned) == list(FOLDS.assigned)
    assert [path.name for path in folds_file(tmp_path, "mine").parent.iterdir()] == ["folds.json"]


def test_digest_names_who_is_where_and_not_how_that_came_about() -> None:
    renamed = FOLDS.model_copy(update={"rule": "4", "names": ("1", "2", "3", "4")})
    other = FOLDS.model_copy(update={"assigned": {**FOLDS.assigned, "h": 1}})
    assert Folds.model_validate(renamed.model_dump()).digest == FOLDS.digest
    assert Folds.model_validate(other.model_dump()).digest != FOLDS.digest


@pytest.mark.parametrize("content", ["{", '{"rule": "5", "names": ["a", "b", "c"]}'])
def test_damaged_folds_are_told(tmp_path: Path, content: str) -> None:
    write_folds(tmp_path, "mine", FOLDS)
    folds_file(tmp_path, "mine").write_text(content)
    with pytest.raises(DamagedCorpusError, match=r"folds '.*folds\.json' are damaged"):
        read_folds(tmp_path, "mine")


@pytest.mark.parametrize(
    ("names", "assigned"),
    [
        (("a", "b"), {"x": 1, "y": 2}),
        (("a", "b", "a"), {"x": 1, "y": 2, "z": 3}),
        (("a", "b", "c"), {"x": 1, "y": 2}),
        (("a", "b", "c"), {"x": 1, "y": 2, "z": 4}),
    ],
)
def test_folds_contradict_nothing(names: tuple[str, ...], assigned: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="folds"):
        Folds(rule="3", names=names, assigned=assigned)
