"""`prepare --encoder`: what is prepared, and what is refused before any clip is decoded."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from corpora.preparation.prepare import run_here
from corpora.store.folders import prepared_names, prepared_recipes
from corpora.store.prepared import read_manifest
from orchestrator.cli import main
from orchestrator.corpus import on_ray
from tests.corpora.media_factory import write_clip_folder
from tests.encoder_factory import AUDIO, TEXT, VISION

Prepare = Callable[..., tuple[int, str]]


@pytest.fixture
def prepare(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Prepare:
    """Give the command in this process, on a folder of clips beside three encoders."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MMER_SWEEP_STORAGE", raising=False)
    monkeypatch.setattr(on_ray, "runner_on_ray", lambda storage, address: run_here)
    write_clip_folder(tmp_path / "clips")
    AUDIO["hubert"](tmp_path / "audio")
    VISION["dinov2"](tmp_path / "vision")
    TEXT["roberta"](tmp_path / "text")

    def run(*arguments: str) -> tuple[int, str]:
        place = ("--storage", "here", "--source", "clips", "--name", "mine")
        monkeypatch.setattr(sys, "argv", ["mmer-sweep", "prepare", "clips", *place, *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        code = ended.value.code or 0
        assert isinstance(code, int)
        return code, " ".join(f"{said.out} {said.err}".split())

    return run


RECIPE = ("--recipe", "handcrafted")


def test_states_and_features_are_prepared_under_two_names(prepare: Prepare, tmp_path: Path) -> None:
    code, said = prepare(*RECIPE, "--words", "random")
    assert code == 0, said
    each = ("--encoder", "text=text", "--encoder", "audio=audio", "--encoder", "vision=vision")
    code, said = prepare(*RECIPE, *each, "--encoder-layer", "audio=mean", "--as", "states")
    assert code == 0, said
    assert prepared_recipes(tmp_path / "here", "mine") == ["handcrafted", "states"]
    recipe = read_manifest(tmp_path / "here", "mine", "states").recipe
    encoders = recipe.model_dump()["encoders"]
    assert {name: states["architecture"] for name, states in encoders.items()} == {
        "text": "roberta",
        "audio": "hubert",
        "vision": "dinov2",
    }
    assert [states["layer"] for states in encoders.values()] == ["last", "mean", "last"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("--encoder text=text", "about hand-crafted features: add --recipe handcrafted"),
        ("--as mine", "about hand-crafted features: add --recipe handcrafted"),
        ("--recipe handcrafted --as le", "--as is 'le'; choose a name of letters, digits,"),
        ("--recipe handcrafted --encoder sound=x", "'sound=x'; write MODALITY=..., each of text,"),
        ("--recipe handcrafted --encoder text", "--encoder is 'text'; write MODALITY=..."),
        ("--recipe handcrafted --encoder text=a --encoder text=b", "audio, vision at most once"),
        ("--recipe handcrafted --encoder-layer text=1", "given for text, but no encoder: add"),
        ("--recipe handcrafted --encoder text=text --encoder-layer text=first", "choose last, mea"),
        ("--recipe handcrafted --encoder text=text --encoder-layer text=3", "from 0 to 2, mean,"),
        ("--recipe handcrafted --encoder text=text --words random", "text has an encoder too"),
        ("--recipe handcrafted --encoder audio=audio", "or give text an encoder by --encoder text"),
        ("--recipe handcrafted --encoder text=audio", "has none of tokenizer.json"),
        ("--recipe handcrafted --words random --encoder audio=vision", "no encoder of audio"),
        ("--recipe handcrafted --words random --encoder vision=audio", "no encoder of vision"),
        ("--recipe handcrafted --encoder text=/no/where", "no folder here, not in the hub's local"),
    ],
)
def test_encoder_that_cannot_be_used_is_told_before_a_clip_is_decoded(
    arguments: str,
    message: str,
    prepare: Prepare,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    code, said = prepare(*arguments.split())
    assert code != 0
    assert message in said
    assert prepared_names(tmp_path / "here") == []
