"""The commands that prepare corpora of classes and numbers, on small real releases."""

import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from corpora.features.published import IEMOCAP_FOLDER
from corpora.preparation.prepare import run_here
from corpora.readers.clip_folder import read_clips
from corpora.source.errors import CorpusError
from corpora.store.prepared import read_manifest
from orchestrator.cli import main
from orchestrator.commands.preparing.handcrafted import (
    EncoderOptions,
    HandcraftedOptions,
    features_beside,
)
from orchestrator.corpus import on_ray
from tests.corpora.laid_utterances import iemocap_utterances, meld_utterances, mosei_utterances
from tests.corpora.media_factory import clip_lines, write_clip_folder
from tests.corpora.raw_iemocap_factory import write_raw_iemocap, write_split_lists
from tests.corpora.raw_meld_factory import write_raw_meld
from tests.corpora.raw_mosei_factory import write_raw_mosei

Prepare = Callable[..., tuple[int, str]]


@pytest.fixture
def prepare(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Prepare:
    """Give a command in this process, by one recipe; returns its exit status and what it said."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MMER_SWEEP_STORAGE", raising=False)
    monkeypatch.setattr(on_ray, "runner_on_ray", lambda storage, address: run_here)

    def run(*arguments: str) -> tuple[int, str]:
        place = ("--storage", "here", "--recipe", "le")
        monkeypatch.setattr(sys, "argv", ["mmer-sweep", "prepare", *arguments, *place])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        code = ended.value.code or 0
        assert isinstance(code, int)
        return code, " ".join(f"{said.out} {said.err}".split())

    return run


def labelled(**cells: list[object]) -> list[dict[str, object]]:
    """List the usual clips with other labels; each column is repeated to the end."""
    return [
        {k: v for k, v in line.items() if k not in ("happy", "sad")}
        | {name: values[index % len(values)] for name, values in cells.items()}
        for index, line in enumerate(clip_lines())
    ]


def test_clips_of_one_class_are_told_of_the_other_task(prepare: Prepare, tmp_path: Path) -> None:
    write_clip_folder(tmp_path / "clips", labelled(emotion=["glad", "sad"]))
    code, said = prepare("clips", "--source", "clips", "--name", "flags")
    assert (code, "--task multiclass it chooses one of them" in said) == (0, True)
    assert "Now: mmer-sweep layers --corpus flags" in said
    code, said = prepare("clips", "--source", "clips", "--name", "classes", "--task", "multiclass")
    assert (code, "chooses one of them" in said) == (0, False)
    assert "corpus 'classes' (clips, multiclass), recipe 'le'" in said
    assert "Now: mmer-sweep layers --corpus classes" in said
    manifests = [read_manifest(tmp_path / "here", name, "le") for name in ("flags", "classes")]
    assert [manifest.task for manifest in manifests] == ["multilabel", "multiclass"]
    assert manifests[0].fingerprint != manifests[1].fingerprint


def test_clips_of_numbers_with_dialogues_show_both(prepare: Prepare, tmp_path: Path) -> None:
    lines = labelled(valence=[-2.5, 0.25, 1.75], dialogue=["d1", "d2"])
    write_clip_folder(tmp_path / "clips", lines)
    code, said = prepare("clips", "--source", "clips", "--range", "-3", "3")
    assert code == 0, said
    manifest = read_manifest(tmp_path / "here", "clips", "le")
    assert (manifest.task, manifest.label_range) == ("regression", (-3.0, 3.0))
    assert manifest.has_dialogues
    assert "valence, mean" in said
    assert "LEAK: 2 dialogues of the test split are in the training split too" in said


@pytest.mark.parametrize(
    ("cells", "options", "message"),
    [
        ({"valence": [-2.5, 4]}, ("--range", "-3", "3"), "line 3, valence: 4 is outside of -3"),
        ({"class": ["sad", ""]}, (), "line 3, class: is empty; name the emotion"),
        ({"class": ["sad", "glad", "7"]}, (), "line 4, class: '7' is no name of an emotion"),
        ({"valence": ["0,5", "1,25"]}, (), "line 2, valence: '0,5' has a decimal comma; write 0.5"),
        ({"label": [3, 1, 2]}, (), "may be scores or stand for classes: give --task regression"),
        (
            {"valence": [0, 1]},
            ("--range", "0", "1"),
            "a range is only that of numbers",
        ),
        (
            {"class": [*["sad", "glad"] * 5, "sad", "new"]},
            (),
            "split 'train' has no utterance of the class 'new'",
        ),
    ],
    ids=["range", "empty", "mixed", "commas", "whole numbers", "no numbers", "only in test"],
)
def test_bad_labels_are_told(
    cells: dict[str, list[object]],
    options: tuple[str, ...],
    message: str,
    prepare: Prepare,
    tmp_path: Path,
) -> None:
    write_clip_folder(tmp_path / "clips", labelled(**cells))
    code, said = prepare("clips", "--source", "clips", *options)
    assert code != 0
    assert message in said
    assert "Traceback" not in said


def test_iemocap_has_four_classes_and_is_compared_with_their_counts(
    prepare: Prepare, tmp_path: Path
) -> None:
    write_split_lists(tmp_path / "lists", iemocap_utterances())
    write_raw_iemocap(tmp_path / "release", iemocap_utterances())
    place = ("--source", "release", "--splits", "lists")
    code, said = prepare("iemocap", *place, "--labels", "four-class")
    assert code == 0, said
    manifest = read_manifest(tmp_path / "here", "iemocap-four-class", "le")
    assert (manifest.kind, manifest.task) == ("iemocap-four-class", "multiclass")
    assert "4 of 4 published counts differ" in said
    assert re.search(r"hap in all splits 10 1636 -1626 Yoon et al. 2018", said)
    assert "5 label fru" in said


def test_sentiment_of_mosei_is_a_number(prepare: Prepare, tmp_path: Path) -> None:
    write_split_lists(tmp_path / "lists", mosei_utterances())
    write_raw_mosei(tmp_path / "release", mosei_utterances())
    place = ("--source", "release", "--splits", "lists")
    code, said = prepare("mosei", *place, "--labels", "sentiment")
    assert code == 0, said
    manifest = read_manifest(tmp_path / "here", "mosei-sentiment", "le")
    assert (manifest.task, manifest.label_range) == ("regression", (-3.0, 3.0))
    assert "published" not in said


@pytest.mark.parametrize(("labels", "num_classes"), [("emotion", 7), ("sentiment", 3)])
def test_meld_has_classes_of_either_kind(
    labels: str, num_classes: int, prepare: Prepare, tmp_path: Path
) -> None:
    write_raw_meld(tmp_path / "release", meld_utterances())
    code, said = prepare("meld", "--source", "release", "--labels", labels, "--name", "mine")
    assert code == 0, said
    manifest = read_manifest(tmp_path / "here", "mine", "le")
    assert (manifest.task, len(manifest.emotions)) == ("multiclass", num_classes)
    assert "LEAK: 2 speakers of the test split are in the training split too" in said
    assert f"of {4 * num_classes} published counts differ" in said


@pytest.mark.parametrize("kind", ["iemocap", "iemocap-four-class"])
def test_published_features_are_found_whichever_labels_are_wanted(
    kind: str, tmp_path: Path
) -> None:
    assert features_beside(tmp_path, kind) is None
    (tmp_path / IEMOCAP_FOLDER).mkdir()
    assert features_beside(tmp_path, kind) == tmp_path
    assert features_beside(tmp_path, "meld") is None


def test_handcrafted_sound_without_a_word_needs_no_vectors(tmp_path: Path) -> None:
    options = HandcraftedOptions(None, "torchaudio", "landmarks", EncoderOptions(), "handcrafted")
    lines = [line | {"text": ""} for line in clip_lines()]
    silent = read_clips(write_clip_folder(tmp_path / "silent", lines))
    recipe, _ = options.own_recipe(silent, "largest")
    assert recipe.words == "random"
    spoken = read_clips(write_clip_folder(tmp_path / "spoken"))
    with pytest.raises(CorpusError, match="hand-crafted features need word vectors"):
        options.own_recipe(spoken, "largest")
