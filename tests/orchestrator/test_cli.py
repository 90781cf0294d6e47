import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import click
import pytest

from corpora.preparation.prepare import run_here
from corpora.recipes.pictures import LE
from corpora.store.folders import prepared_names
from corpora.store.prepared import read_manifest
from orchestrator.cli import (
    COMMANDS,
    EXIT_BAD_INPUT,
    EXIT_INTERRUPTED,
    EXIT_TERMINATED,
    cli,
    main,
)
from orchestrator.cluster.stop_signals import EXIT_FAILED_TRIALS
from orchestrator.commands.numbers.printed import EXIT_FINDINGS
from orchestrator.commands.numbers.verdict import EXIT_FAILED_CLAIMS
from orchestrator.commands.upkeep.ledgers import EXIT_INCOMPLETE
from orchestrator.corpus import on_ray
from search_spaces.catalogue import STUDIES
from search_spaces.names import COLLECTION_NAMES, STUDY_NAMES
from tests.corpora.dai_release_factory import write_dai_iemocap
from tests.corpora.laid_utterances import iemocap_utterances
from tests.corpora.media_factory import clip_lines, write_clip_folder
from tests.orchestrator.factories import write_study_file

ROOT = Path(__file__).resolve().parents[2]


class Outcome(NamedTuple):
    code: int
    out: str
    err: str


Call = Callable[..., Outcome]

STUDY_FILE = """
from search_spaces.study import Row
from search_spaces.studies.le2023 import LAYERS
MINE = LAYERS.model_copy(update={{"name": "mine", "rows": (Row(name="a", change={change}),)}})
"""


@pytest.fixture
def call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Call:
    """Give the command, as if started in `tmp_path`, in this process."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MMER_SWEEP_STORAGE", raising=False)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)

    def run(*arguments: str) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["mmer-sweep", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        code = ended.value.code or 0
        assert isinstance(code, int)
        return Outcome(code, *capsys.readouterr())

    return run


@pytest.fixture
def refused(call: Call, tmp_path: Path) -> Callable[..., str]:
    """Give the command, for input that it must refuse without a trace; returns the message."""

    def run(*arguments: str) -> str:
        before = tree_of(tmp_path)
        outcome = call(*arguments)
        assert outcome.code == EXIT_BAD_INPUT
        assert len(re.findall(r"^[Ee]rror: ", outcome.err, re.MULTILINE)) == 1
        assert "Traceback" not in outcome.err
        assert tree_of(tmp_path) == before
        return outcome.err

    return run


def tree_of(folder: Path) -> dict[Path, int]:
    """List all files; Python's cache of a study file is none of ours."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path: path.stat().st_mtime_ns for path in files if path.suffix != ".pyc"}


def run_installed(*arguments: str, cwd: Path, **environment: str) -> Outcome:
    command = shutil.which("mmer-sweep", path=str(Path(sys.executable).parent))
    assert command is not None
    done = subprocess.run(
        [command, *arguments],
        cwd=cwd,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=300,
    )
    return Outcome(done.returncode, done.stdout, done.stderr)


# What it shows


def test_list_names_studies_and_corpora(call: Call, storage: Path) -> None:
    outcome = call("list", "--storage", str(storage))
    assert outcome.code == 0
    assert all(name in outcome.out for name in STUDIES)
    assert "  le2023: main, components, layers" in outcome.out
    assert "Corpora: synthetic, mine" in outcome.out


def test_show_a_study(call: Call) -> None:
    outcome = call("show", "layers")
    assert outcome.code == 0
    assert "Numbers of transformer encoders and decoders" in outcome.out
    assert "85.92" in outcome.out


def test_show_studies_of_a_file_and_of_a_paper(call: Call, tmp_path: Path) -> None:
    write_study_file(tmp_path / "own.py", max_epochs=2)
    outcome = call("show", "own.py")
    assert (outcome.code, outcome.out.startswith("small: ")) == (0, True), outcome.out
    printed = call("show", "le2023").out
    assert all(f"\n{name}: " in f"\n{printed}" for name in ("main", "components", "layers"))


@pytest.mark.parametrize("where", ["storage", "./storage", "~/storage"])
def test_corpus_is_found_in_a_storage_named_as_a_user_may(
    where: str, call: Call, storage: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(storage.parent))
    outcome = call("plan", "layers", "--corpus", "mine", "--storage", where)
    assert (outcome.code, "layers  mine  " in outcome.out) == (0, True), outcome.out


def test_show_a_corpus(call: Call, storage: Path) -> None:
    outcome = call("show", "mine", "--storage", "storage")
    assert outcome.code == 0
    assert "corpus 'mine' (clips), recipe 'le'" in outcome.out


def test_plan_needs_no_synthetic_media_and_makes_none(call: Call, tmp_path: Path) -> None:
    outcome = call("plan", "layers", "components", "--seeds", "3")
    assert outcome.code == 0
    assert (
        "36 rows x seeds are 33 trials, 3 saved by sharing: 0 finished, 33 to train" in outcome.out
    )
    assert list(tmp_path.iterdir()) == []


def test_plan_of_both_papers_says_what_sharing_saves(call: Call) -> None:
    outcome = call("plan", "all")
    assert outcome.code == 0
    assert "375 rows x seeds are 270 trials, 105 saved by sharing" in outcome.out


def test_plan_of_adaptive_seeds_says_how_they_go_on(call: Call) -> None:
    outcome = call("plan", "unimodal", "--seeds", "auto", "--max-seeds", "7")
    assert "12 rows x seeds are 12 trials" in outcome.out
    assert "get more seeds, at most 5, 7;" in " ".join(outcome.out.split())


def test_plan_takes_study_files(call: Call, storage: Path) -> None:
    write_study_file(storage.parent / "own.py", max_epochs=2)
    outcome = call("plan", "own.py", "layers", "--corpus", "mine", "--storage", "storage")
    assert outcome.code == 0
    assert "34 rows x seeds are 34 trials, 0 saved" in outcome.out


EVERY_COMMAND = (*COMMANDS, *STUDY_NAMES, *COLLECTION_NAMES)


@pytest.mark.parametrize("command", [(), *((name,) for name in EVERY_COMMAND)], ids=str)
def test_every_command_has_help(command: tuple[str, ...], call: Call) -> None:
    outcome = call(*command, "--help")
    assert outcome.code == 0
    assert outcome.out.startswith("Usage: mmer-sweep")


def test_help_names_the_variables_that_choose_the_storage_and_mlflow(call: Call) -> None:
    text = " ".join(call("layers", "--help").out.split())
    for variable in ("MMER_SWEEP_STORAGE", "MLFLOW_TRACKING_URI", "MMER_SWEEP_MEASURE"):
        assert f"env var: {variable}" in text


@pytest.mark.parametrize("name", COMMANDS)
def test_command_is_described_as_in_its_own_help(name: str) -> None:
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    own = " ".join((command.help or "").split())
    assert own.startswith(COMMANDS[name].help.removesuffix("."))


HEAVY = ("torch", "ray", "mlflow", "scipy", "pandas", "pyarrow", "numpy", "optuna", "matplotlib")


@pytest.mark.parametrize(
    "arguments",
    [
        *(("--help",), ("--version",), ("list",), ("show", "layers"), ("nosuch",)),
        *(("doctor", "--help"), ("init", "study", "mine")),
    ],
    ids=str,
)
def test_command_that_only_tells_loads_no_heavy_library(
    arguments: tuple[str, ...], tmp_path: Path
) -> None:
    program = (
        "import sys\n"
        f"sys.argv = ['mmer-sweep', *{arguments!r}]\n"
        "from orchestrator.cli import main\n"
        "try: main()\n"
        f"finally: print([name for name in {HEAVY!r} if name in sys.modules])\n"
    )
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert done.stdout.splitlines()[-1] == "[]"
    assert done.returncode == (EXIT_BAD_INPUT if arguments == ("nosuch",) else 0)


def test_version(call: Call) -> None:
    assert call("--version").out.startswith("mmer-sweep, version ")


def test_prepared_clips_can_be_planned_with_the_command_that_is_told(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(on_ray, "runner_on_ray", lambda storage, address: run_here)
    happy = [line | {"happy": 1} if line["split"] == "test" else line for line in clip_lines()]
    write_clip_folder(tmp_path / "my [b]clips :)", happy)
    place = ("--source", "my [b]clips :)", "--storage", "here")
    prepared = call("prepare", "clips", *place, "--recipe", "le", "--which-face", "tracked")
    assert prepared.code == 0, prepared.err
    recipe = read_manifest(tmp_path / "here", "my [b]clips :)", "le").recipe
    assert recipe == LE.model_copy(update={"face_choice": "tracked"})
    told = f"Now: mmer-sweep layers --corpus 'my [b]clips :)' --storage {tmp_path / 'here'}"
    assert told in prepared.out
    assert prepared_names(tmp_path / "here") == ["my [b]clips :)"]
    planned = call("plan", "layers", "--corpus", "my [b]clips :)", "--storage", "here")
    assert (planned.code, "my [b]clips :)" in planned.out) == (0, True)
    for said in (prepared.out, planned.out):
        said = " ".join(said.split())
        assert "NO NEGATIVE: all utterances of test (4) have the emotion 'happy'" in said
        assert "LEAK: 4 utterances of the test split share a part of a file" in said
    assert "Corpora: synthetic, my [b]clips :)" in call("list", "--storage", "here").out


# Bad input


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            "lairs",
            "'lairs' is neither a study nor a command of mmer-sweep; did you mean 'layers'? "
            "studies: main, components, ",
        ),
        ("lairs", "; commands: run, tune, list, show, plan, lint-paper, status, doctor, init, "),
        ("lairs", ", diff, du, gc, export, merge, schema, prepare, predict,"),
        (
            "show nothing",
            "'nothing' is neither a study nor a prepared corpus; studies: main, compo",
        ),
        ("show nothing", "corpora: mine, synthetic, which the first sweep makes"),
        ("show layers-typo", "did you mean 'layers'? studies: main"),
        ("show min", "did you mean 'mine'?"),
        ("lisst", "did you mean 'list'?"),
        ("show gone.py", "study file 'gone.py' does not exist"),
        ("show le2023 --samples 3", "'--samples' works only for a corpus"),
        ("layers --corpus mime", "did you mean 'mine'? choose from"),
        (
            "plan lairs",
            "study 'lairs' does not exist; did you mean 'layers'? choose from main, components",
        ),
        ("plan layers --corpus gone", "corpus 'gone' is not prepared in"),
        ("layers --corpus gone", "choose from mine, synthetic, or run `mmer-sweep prepare`"),
        ("layers --seeds few", "'few' is neither a number of seeds, at least 1, nor auto"),
        ("layers --max-seeds 5", "'--max-seeds' needs '--seeds auto'"),
        ("layers --seeds auto --control", "'--control' needs a fixed number of seeds"),
        ("layers --seeds auto --vary init", "'--vary' needs a fixed number of seeds"),
        ("layers --vary init,weights", "'weights' is not one of 'init', 'order', 'dropout'"),
        ("layers --seeds auto --max-seeds 2", "'--max-seeds': 2 is not in the range x>=3"),
        ("--storage x layers", "No such option '--storage'"),
        ("run gone.py", "study file 'gone.py' does not exist"),
        (
            "prepare videos",
            "of mmer-sweep prepare; choose from clips, features, iemocap, mosei, meld",
        ),
    ],
)
def test_bad_argument_is_told_with_the_choices(
    arguments: str,
    message: str,
    refused: Callable[..., str],
    storage: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MMER_SWEEP_STORAGE", str(storage))
    assert message in refused(*arguments.split())


@pytest.mark.parametrize("command", ["run", "plan"])
@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("1 / 0", "study file 'own.py', line 1: ZeroDivisionError: division by zero"),
        (
            STUDY_FILE.format(change={"model.hed.depth": 3}),
            "study 'mine', row 'a': model.hed.depth: model has no field 'hed'; choose from "
            "modalities, system, width, layer, text, audio, vision, modality_dropout, fusion, head",
        ),
        (
            STUDY_FILE.format(change={"model.vision.face_px": 128}),
            "study 'mine', row 'a', model.vision.face_px: needs 128, but corpus 'mine' was prepared"
            " with 64 (recipe 'le'); prepare it again or change the field",
        ),
    ],
    ids=["broken", "unknown field", "misfit"],
)
def test_bad_study_file_is_told(
    command: str, content: str, message: str, refused: Callable[..., str], storage: Path
) -> None:
    (storage.parent / "own.py").write_text(content)
    assert message in refused(command, "own.py", "--corpus", "mine", "--storage", "storage")


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([line | {"file": "gone.mp4"} for line in clip_lines()], "clip 'gone.mp4' does not exist"),
        (
            [{k: v for k, v in line.items() if k != "file"} for line in clip_lines()],
            "has no column 'file'; its columns are utterance, start, end, text, split, happy, sad",
        ),
        (
            [line for line in clip_lines() if line["split"] != "valid"],
            "corpus 'clips': split 'valid' is empty",
        ),
        (
            [line | ({"sad": 0} if line["split"] == "test" else {}) for line in clip_lines()],
            "corpus 'clips': split 'test' has no positive of the emotion 'sad'",
        ),
    ],
    ids=["clip", "column", "split", "positive"],
)
def test_bad_clip_folder_is_told(
    lines: list[dict[str, object]], message: str, refused: Callable[..., str], tmp_path: Path
) -> None:
    write_clip_folder(tmp_path / "clips", lines)
    assert message in refused("prepare", "clips", "--source", "clips", "--storage", "storage")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "--words is None; hand-crafted features need word vectors: choose from glove:FILE,"),
        (("--words", "glove"), "--words is 'glove'; hand-crafted features need word vectors"),
        (("--words", "random:x"), "choose from glove:FILE, encoder:NAME"),
        (("--words", "glove:gone.txt"), "gone.txt"),
    ],
    ids=["not said", "no file", "too much", "missing file"],
)
def test_word_vectors_that_cannot_be_had_are_told(
    words: tuple[str, ...], message: str, refused: Callable[..., str], tmp_path: Path
) -> None:
    write_clip_folder(tmp_path / "clips")
    arguments = ("prepare", "clips", "--source", "clips", "--recipe", "handcrafted")
    assert message in refused(*arguments, *words)


def test_face_that_action_units_cannot_choose_is_told(
    refused: Callable[..., str], tmp_path: Path
) -> None:
    write_clip_folder(tmp_path / "clips")
    arguments = ("prepare", "clips", "--source", "clips", "--recipe", "handcrafted")
    features = ("--words", "random", "--face", "action_units")
    message = refused(*arguments, *features, "--which-face", "central")
    assert "finds faces itself and takes the largest one: leave out --which-face" in message


def test_face_that_published_features_cannot_choose_is_told(
    refused: Callable[..., str], tmp_path: Path
) -> None:
    write_dai_iemocap(tmp_path / "dai", iemocap_utterances())
    arguments = ("prepare", "dai-iemocap", "--source", "dai", "--recipe", "handcrafted")
    message = refused(*arguments, "--features", "published", "--which-face", "central")
    assert "published features are of faces that others chose: leave out --which-face" in message


def test_encoder_beside_published_features_is_told(
    refused: Callable[..., str], tmp_path: Path
) -> None:
    write_dai_iemocap(tmp_path / "dai", iemocap_utterances())
    arguments = ("prepare", "dai-iemocap", "--source", "dai", "--recipe", "handcrafted")
    message = refused(*arguments, "--features", "published", "--encoder", "text=roberta")
    assert "(--features) have no encoder: leave out --features or --encoder" in message


def test_folder_in_place_of_the_csv_is_told(refused: Callable[..., str], tmp_path: Path) -> None:
    (tmp_path / "clips").mkdir()
    message = refused("prepare", "clips", "--source", "clips", "--csv", "clips")
    assert f"CSV '{tmp_path / 'clips'}' cannot be read: " in message


@pytest.mark.parametrize(
    "name", ["synthetic", "layers", "", " ", "..", ".mine", "a/b", "-x", "a\n", "x" * 201]
)
def test_corpus_name_that_cannot_be_is_told(
    name: str, refused: Callable[..., str], tmp_path: Path
) -> None:
    write_clip_folder(tmp_path / "clips")
    message = refused("prepare", "clips", "--source", "clips", f"--name={name}")
    assert (
        f"a corpus cannot have the name {name!r}: it is taken, or not a plain folder name"
        in message
    )


@pytest.mark.parametrize("place", ["file", "file/below"])
@pytest.mark.parametrize("command", ["list", "show layers", "plan layers", "layers", "ui"])
def test_storage_that_cannot_be_is_told(
    command: str, place: str, refused: Callable[..., str], tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    message = refused(*command.split(), "--storage", place)
    assert (
        f"storage folder '{tmp_path / place}' cannot be used: '{tmp_path / 'file'}' is a" in message
    )
    assert "choose another with --storage or MMER_SWEEP_STORAGE" in message


# The installed program


def test_weights_that_cannot_be_had_are_told_at_once(storage: Path) -> None:
    offline = {"HF_HUB_OFFLINE": "1", "HF_HUB_CACHE": str(storage / "none")}
    before = tree_of(storage)
    arguments = ("layers", "--scale", "paper", "--corpus", "mine", "--storage", str(storage))
    outcome = run_installed(*arguments, cwd=storage, **offline)
    assert outcome.code == EXIT_BAD_INPUT
    assert outcome.err.startswith("error: model.text.weights 'albert-base-v2': ")
    assert "hf download albert-base-v2 --local-dir DIR" in outcome.err
    assert "`--scale tiny`" in outcome.err
    assert tree_of(storage) == before


def test_lines_are_whole_where_no_terminal_shows_them(tmp_path: Path) -> None:
    printed = run_installed("show", "layers", cwd=tmp_path, COLUMNS="").out
    long = next(line for line in printed.splitlines() if line.startswith("L13 "))
    assert long.endswith("and four beat two on CMU-MOSEI.]")
    narrow = run_installed("show", "layers", cwd=tmp_path, COLUMNS="60").out
    assert max(map(len, narrow.splitlines())) <= 60
    audit = run_installed("lint-paper", cwd=tmp_path, COLUMNS="").out
    assert 80 < max(map(len, audit.splitlines())) < 1000


def test_refused_command_leaves_no_empty_storage_folder(tmp_path: Path) -> None:
    refused = run_installed("layers", "--corpus", "gone", "--storage", "new", cwd=tmp_path)
    assert (refused.code, "'gone' is not prepared" in refused.err) == (EXIT_BAD_INPUT, True)
    assert not [*tmp_path.iterdir()]


def test_letters_that_the_terminal_lacks_are_replaced(tmp_path: Path) -> None:
    manifest = tmp_path / "storage" / "corpora" / "κλιπ ±" / "le" / "manifest.json"
    manifest.parent.mkdir(parents=True)
    manifest.touch()
    place = ("--storage", "storage")
    listed = run_installed("list", *place, cwd=tmp_path, PYTHONIOENCODING="ascii")
    assert (listed.code, listed.out.splitlines()[-1][:27]) == (0, "Corpora: synthetic, ???? ? ")
    refused = run_installed("show", "±", *place, cwd=tmp_path, PYTHONIOENCODING="ascii")
    assert (refused.code, "'?' is neither" in refused.err) == (EXIT_BAD_INPUT, True)


def test_someone_elses_packages_in_the_folder_are_left_alone(tmp_path: Path) -> None:
    for name in ("models", "reports", "corpora", "search_spaces", "orchestrator", "tests"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("raise ImportError('someone else')")
    listed = run_installed("list", cwd=tmp_path)
    assert (listed.code, "layers" in listed.out) == (0, True), listed.err
    planned = run_installed("plan", "components", cwd=tmp_path)
    assert (planned.code, "30 to train" in planned.out) == (0, True), planned.err


@pytest.mark.parametrize("path", ["{folder}", ":"], ids=["named", "empty entry"])
def test_someone_elses_packages_on_the_search_path_are_left_alone(
    path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program that is started searches what the user says."""
    for name in ("models", "reports", "corpora", "search_spaces", "orchestrator"):
        (tmp_path / f"{name}.py").write_text("raise ImportError('someone else')")
    program = (
        "import os, sys\n"
        f"sys.path.insert(1, {str(ROOT)!r})\n"
        "from mmer_sweep import main\n"
        "sys.argv = ['mmer-sweep', 'plan', 'components']\n"
        "try: main()\n"
        "finally: print(os.environ['PYTHONPATH'])\n"
    )
    given = path.format(folder=tmp_path)
    monkeypatch.setenv("PYTHONPATH", given)
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert (done.returncode, "30 to train" in done.stdout) == (0, True), done.stderr
    assert done.stdout.splitlines()[-1] == given


def test_weights_that_cannot_be_had_are_told_before_the_synthetic_corpus_is_made(
    refused: Callable[..., str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    storage = tmp_path / "empty"
    storage.mkdir()
    assert "model.text.weights" in refused("layers", "--scale", "paper", "--storage", str(storage))


def test_page_lists_every_exit_status() -> None:
    page = (ROOT / "docs" / "scripts.md").read_text(encoding="utf-8")
    listed = [int(line.split("|")[1]) for line in page.splitlines() if re.match(r"\| \d", line)]
    named = {EXIT_FAILED_TRIALS, EXIT_FINDINGS, EXIT_FAILED_CLAIMS, EXIT_INCOMPLETE}
    assert listed == sorted({0, *named, EXIT_BAD_INPUT, EXIT_INTERRUPTED, EXIT_TERMINATED})
