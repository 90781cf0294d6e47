import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner
from rich.console import Console

from corpora.preparation.prepare import prepare
from corpora.readers.clip_folder import read_clips
from corpora.recipes.pictures import LE, XIA
from corpora.source.errors import CorpusError
from corpora.store.folders import recipe_folder
from corpora.store.remarked import REMARKS_FILE
from orchestrator.cli import cli
from orchestrator.commands.show import NUM_SAMPLES
from orchestrator.corpus.view import print_cautions, print_manifests, print_remarks, show_corpus
from tests.corpora.manifest_factory import make_manifest
from tests.corpora.media_factory import clip_lines, write_clip_folder

SHEETS = ("contact_sheet.html", "contact_sheet.png")


@pytest.fixture(scope="module")
def storage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    storage = tmp_path_factory.mktemp("show")
    source = read_clips(write_clip_folder(storage / "clips", clip_lines(per_split=6)))
    prepare(source, [LE, XIA], name="mine", storage=storage)
    return storage


def shown(storage: Path, num_samples: int) -> str:
    console = Console(width=80, markup=False, emoji=False)
    with console.capture() as capture:
        show_corpus("mine", storage, console, num_samples=num_samples)
    return capture.get()


def num_shown(storage: Path, recipe: str) -> int:
    page = recipe_folder(storage, "mine", recipe) / SHEETS[0]
    return page.read_text(encoding="utf-8").count("<img ")


def test_corpus_is_shown_by_every_recipe(storage: Path) -> None:
    text = shown(storage, 0)
    assert "corpus 'mine' (clips), recipes 'le', 'xia'\n" in text
    assert ["utterances", "6", "6", "6", "18"] in [line.split() for line in text.splitlines()]
    assert "\nrecipe 'le', fingerprint " in text
    assert "\nrecipe 'xia', fingerprint " in text
    assert "contact" not in text


def test_every_recipe_gets_a_contact_sheet_that_is_named(storage: Path) -> None:
    text = shown(storage, 2)
    for recipe in ("le", "xia"):
        for name in SHEETS:
            path = recipe_folder(storage, "mine", recipe) / name
            assert path.is_file()
            assert f" {path}\n" in text
        assert num_shown(storage, recipe) == 2


@pytest.mark.parametrize(
    ("options", "num_samples"), [((), NUM_SAMPLES), (("--samples", "3"), 3)], ids=["default", "3"]
)
def test_command_says_how_many_utterances_are_on_the_sheet(
    storage: Path, options: tuple[str, ...], num_samples: int
) -> None:
    outcome = CliRunner().invoke(cli, ["show", "mine", "--storage", str(storage), *options])
    assert outcome.exit_code == 0, outcome.output
    assert num_shown(storage, "le") == num_samples


@pytest.mark.parametrize("option", [("--samples", "3"), ("--remarks",)], ids=lambda words: words[0])
def test_study_has_neither_samples_nor_remarks(option: tuple[str, ...]) -> None:
    outcome = CliRunner().invoke(cli, ["show", "layers", *option])
    assert outcome.exit_code != 0
    assert f"'layers' is no corpus; '{option[0]}' works only for a corpus" in outcome.output


def test_name_is_printed_as_it_is() -> None:
    console = Console(width=80, markup=False, emoji=False)
    with console.capture() as capture:
        print_manifests([make_manifest(name="a [/b] :smile:")], console)
    assert "corpus 'a [/b] :smile:' (clips), recipe 'le'\n" in capture.get()


def test_cautions_are_printed_once_and_only_of_prepared_recipes(storage: Path) -> None:
    console = Console(width=200, markup=False, emoji=False)
    with console.capture() as capture:
        print_cautions("mine", storage, ["le", "xia", "dai"], console)
        print_cautions("mine", storage, ["dai"], console)
        print_cautions("gone", storage, ["le"], console)
    told = "of the test split share a part of a file with the training split, such as 'test0' with"
    assert capture.get().count(told) == 1
    assert capture.get().startswith("corpus 'mine': LEAK: 6 utterances of the test split")


def test_every_utterance_with_a_remark_is_listed(storage: Path) -> None:
    outcome = CliRunner().invoke(cli, ["show", "mine", "--remarks", "--storage", str(storage)])
    le, xia = outcome.stdout.split("corpus 'mine', recipe 'xia'\n")
    for text in (le, xia):
        assert "no face: 18 utterances\n  train0 (train)\n  train1 (train)\n" in text
        assert "no sound: 0 utterances\n" in text
        assert text.endswith("rejected: 0 utterances\n")


def test_corpus_that_an_older_version_prepared_keeps_no_remarks(
    storage: Path, tmp_path: Path
) -> None:
    shutil.copytree(storage / "corpora", tmp_path / "corpora")
    file = recipe_folder(tmp_path, "mine", "le") / REMARKS_FILE
    file.write_bytes(b"[{")
    with pytest.raises(CorpusError, match=r"is damaged: .*; remove .* and prepare the corpus"):
        print_remarks("mine", tmp_path, Console())
    file.unlink()
    with pytest.raises(CorpusError, match="an older version prepared the corpus and kept only"):
        print_remarks("mine", tmp_path, Console())
