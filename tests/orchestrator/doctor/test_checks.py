"""The checks that look at files and packages of this machine."""

import shutil
from pathlib import Path

import pytest

from corpora.store.folders import MANIFEST_FILE, recipe_folder
from models.configs.text import AlbertConfig
from models.weights.errors import WeightsError
from models.weights.hub import DEFAULT_NAMES
from orchestrator.doctor.codecs import DECODERS, look_at_codecs
from orchestrator.doctor.corpora import look_at_corpora
from orchestrator.doctor.tex import look_at_tex, missing_packages, needed_packages
from orchestrator.doctor.weights import (
    check_here,
    look_at_hub,
    look_at_weights,
    paper_encoders,
)
from tests.orchestrator.doctor.factories import wanted


def test_codecs_of_telephones_are_there(tmp_path: Path) -> None:
    (found,) = look_at_codecs(wanted(tmp_path))
    assert found.level == "ok"
    assert {"h264", "hevc", "vp9", "av1", "aac", "opus"} <= DECODERS.keys()


def test_prepared_corpus_is_told(storage: Path) -> None:
    found = look_at_corpora(wanted(storage, corpus="mine"))
    assert [(one.level, one.text) for one in found] == [
        ("ok", "mine is prepared by le (36 utterances)")
    ]


@pytest.mark.parametrize(("corpus", "level"), [("mine", "problem"), ("synthetic", "note")])
def test_damaged_manifest_is_a_problem_where_it_is_wanted(
    corpus: str, level: str, storage: Path
) -> None:
    (recipe_folder(storage, "mine", "le") / MANIFEST_FILE).write_text("{}", encoding="utf-8")
    found, *_ = look_at_corpora(wanted(storage, corpus=corpus))
    assert (found.level, "is damaged" in found.text) == (level, True)
    assert found.advice == "prepare 'mine' again, by recipe 'le'"


def test_corpus_that_is_not_prepared_is_a_problem(storage: Path) -> None:
    *_, found = look_at_corpora(wanted(storage, corpus="mime"))
    assert (found.level, found.advice.startswith("did you mean 'mine'?")) == ("problem", True)


@pytest.fixture
def caches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give empty caches of torch and of the hub: nothing is on this machine."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hf"))
    return tmp_path


def test_weights_of_both_papers_are_looked_for() -> None:
    named = {encoder.weights for encoder in paper_encoders()}
    assert {*DEFAULT_NAMES.values(), "vggish", "imagenet"} <= named


def test_weights_that_are_not_here_are_told_with_the_way_to_get_them(
    caches: Path,
) -> None:
    found = list(look_at_weights(wanted(caches, scale="paper")))
    assert len(found) == len(paper_encoders())
    assert {one.level for one in found} == {"note"}
    assert all("on a machine with internet access" in one.advice for one in found)
    (short,) = look_at_weights(wanted(caches))
    assert short.text.startswith("not here: albert-base-v2, bert-base-uncased, glove.840B")


def test_weights_that_are_here_are_told(caches: Path) -> None:
    folder = caches / "hub" / "checkpoints"
    folder.mkdir(parents=True)
    (folder / "vggish-10086976.pth").touch()
    here, missing = look_at_weights(wanted(caches))
    assert (here.level, here.text) == ("ok", "here: vggish")
    assert "vggish" not in missing.text


def test_weights_of_a_folder_are_looked_at(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"has no config\.json"):
        check_here(AlbertConfig(weights=str(tmp_path)))


def test_token_is_never_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_thesecret")
    told = list(look_at_hub(wanted(tmp_path)))
    assert told[-1].text == "a Hugging Face token is there"
    assert "thesecret" not in repr(told)


def test_packages_of_tables_and_reports_are_looked_for() -> None:
    assert {"siunitx", "longtable", "hyperref", "geometry", "pdflscape"} <= {*needed_packages()}


def test_tex_that_is_not_there_is_a_note(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    (found,) = look_at_tex(wanted(tmp_path))
    assert (found.level, "apt install texlive" in found.advice) == ("note", True)


@pytest.mark.skipif(shutil.which("kpsewhich") is None, reason="needs TeX")
def test_missing_packages_are_named() -> None:
    assert missing_packages(["booktabs", "no-such-package"]) == ["no-such-package"]
