"""The command `predict`."""

import csv
import io
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from rich.console import Console

from corpora.preparation.known import know_corpus
from models.configs.base import MODALITIES
from orchestrator.commands import predict as predict_commands
from orchestrator.commands.predict import EXIT_UNREADABLE_CLIPS
from orchestrator.kept_models.clips.folder import counted
from orchestrator.kept_models.clips.spoken import SpokenClip
from orchestrator.plan.plan import make_plan
from orchestrator.trial.run import run_trial
from reports.ledger.ledger import Ledger
from reports.ledger.record import Record
from reports.prediction.prediction import valid_score
from tests.cuda_driver import pretended_gpus
from tests.orchestrator.factories import TRAINED_FOR, small_study
from tests.orchestrator.kept_models.predictors import CORPUS, call, loaded


@pytest.fixture
def folder(storage: Path, tmp_path: Path) -> Path:
    """Lay out two clips, one of them with subtitles, and a file that is none."""
    folder = tmp_path / "folder"
    folder.mkdir()
    for name in ("a.mp4", "b.mp4"):
        shutil.copy(storage / "clips" / "clip.mp4", folder / name)
    (folder / "a.srt").write_text("1\n00:00:00,500 --> 00:00:01,000\nthis is number 1\n")
    return folder


def test_terminal_shows_bars_thresholds_decisions_weights_and_notes(
    storage: Path, trained: Callable[[str], Record], folder: Path
) -> None:
    record = trained("xia")
    result = call(folder / "b.mp4", "--trial", record.key, "--storage", storage)
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert lines[0] == f"trial {record.key}: small/shallow, seed 0"
    assert lines[1].startswith("system 'xia', recipe 'xia', trained on corpus 'mine', valida")
    happy = next(line for line in lines if line.startswith("happy"))
    predictor = loaded(record, storage)
    said = predictor.predict(SpokenClip(folder / "b.mp4"))
    decision = said.decisions[0]
    assert f"{decision.probability:.3f}" in happy
    assert f"{decision.threshold:.2f}" in happy
    assert happy.count("█") + happy.count("░") + happy.count("│") == 30
    assert happy.rstrip().endswith("present" if decision.present else "absent")
    assert said.weights is not None
    vision = next(line for line in lines if line.startswith("vision"))
    assert vision.rstrip().endswith(f"{said.weights.values['vision']:.3f}")
    assert "note: no text was given, so this model reads an empty one" in result.stdout


def test_subtitles_beside_the_clip_are_read_and_it_is_said(
    record: Record, storage: Path, folder: Path
) -> None:
    result = call(folder / "a.mp4", "--trial", record.key, "--storage", storage)
    assert 'text (a.srt, beside the clip): "this is number 1"' in result.stdout
    assert "no text was given" not in result.stdout


def test_json_is_one_object_and_nothing_else(
    storage: Path, trained: Callable[[str], Record], folder: Path
) -> None:
    record = trained("mesm")
    result = call(folder / "a.mp4", "--trial", record.key, "--json", "--storage", storage)
    content = json.loads(result.stdout)
    assert content["trial"] == {
        "key": record.key,
        "rows": ["small/shallow"],
        "seed": 0,
        "system": "mesm",
        "recipe": "dai",
        "corpus": "mine",
        "valid_f1": valid_score(record),
    }
    recorded = Ledger(storage).predictions(record)["test"].probabilities[1]
    found = [content["emotions"][emotion]["probability"] for emotion in ("happy", "sad")]
    assert found == pytest.approx(recorded.tolist(), abs=1e-5)
    assert (content["clip"], content["seconds"]) == ("a.mp4", pytest.approx(2.0))
    assert content["text_from"] == "a.srt, beside the clip"
    assert content["weights"]["kind"] == "sum"
    assert list(content["weights"]["values"]) == list(MODALITIES)
    assert content["remarks"] == ["no_face"]


def test_folder_gives_a_line_for_each_clip(
    storage: Path, trained: Callable[[str], Record], folder: Path
) -> None:
    record = trained("xia")
    (folder / "notes.txt").touch()
    result = call(folder, "--trial", record.key, "--storage", storage)
    assert result.exit_code == 0, result.stderr
    assert "note: not taken for clips: notes.txt\n" in result.stderr
    first, second = csv.DictReader(io.StringIO(result.stdout))
    assert (first["file"], second["file"]) == ("a.mp4", "b.mp4")
    recorded = Ledger(storage).predictions(record)["test"].probabilities[1]
    assert [float(first["happy"]), float(first["sad"])] == pytest.approx(recorded, abs=1e-5)
    assert {first["happy_present"], second["sad_present"]} <= {"0", "1"}
    assert sum(float(first[f"weight_{name}"]) for name in MODALITIES) == pytest.approx(1, abs=1e-5)
    assert "note: b.mp4: no text was given" in result.stderr


def test_clips_of_a_folder_that_cannot_be_read_are_told_and_the_rest_goes_on(
    record: Record, storage: Path, folder: Path
) -> None:
    (folder / "c.mov").write_bytes(b"no video")
    (folder / "a.srt").write_text("no cue")
    (folder / os.fsdecode(b"d\xff.mp4")).symlink_to(folder / "b.mp4")  # its name is no text
    output = folder / "out.csv"
    arguments = ("--trial", record.key, "--storage", storage, "--output", output)
    result = call(folder, *arguments)
    assert result.exit_code == EXIT_UNREADABLE_CLIPS
    assert result.stdout == ""
    header, line = output.read_text().splitlines()
    assert header == "file,happy,happy_present,sad,sad_present"
    assert line.startswith("b.mp4,0.")
    assert f"error: subtitles '{folder / 'a.srt'}' hold no cue" in result.stderr
    assert f"error: clip '{folder / 'c.mov'}' cannot be used: unreadable" in result.stderr
    assert "its name is not in UTF-8; rename the file" in result.stderr


def test_page_and_picture_of_a_file_are_written_and_json_stays_alone(
    storage: Path, record: Record, folder: Path, tmp_path: Path
) -> None:
    page, picture = tmp_path / "new" / "a.html", tmp_path / "a.png"
    arguments = (folder / "a.mp4", "--trial", record.key, "--storage", storage, "--json")
    plain = call(*arguments)
    result = call(*arguments, "--page", page, "--picture", picture)
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout) == json.loads(plain.stdout)
    assert result.stderr == f"wrote {page}\nwrote {picture}\n"
    text = page.read_text(encoding="utf-8")
    assert f"<dd>{record.key}</dd>" in text
    assert "without vision" in text
    assert "What the fused [CLS] and each emotion attend to" in text
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_folder_gets_a_page_and_a_picture_for_each_clip_and_a_page_that_leads_there(
    storage: Path, record: Record, folder: Path, tmp_path: Path
) -> None:
    (folder / "c.mov").write_bytes(b"no video")
    (folder / "b.srt").write_text("no cue")
    pages, pictures = tmp_path / "pages", tmp_path / "pictures"
    arguments = ("--trial", record.key, "--storage", storage, "--page", pages)
    result = call(folder, *arguments, "--picture", pictures)
    assert result.exit_code == EXIT_UNREADABLE_CLIPS
    assert [line.partition(",")[0] for line in result.stdout.splitlines()] == ["file", "a.mp4"]
    assert sorted(path.name for path in pages.iterdir()) == ["a.mp4.html", "index.html"]
    assert sorted(path.name for path in pictures.iterdir()) == ["a.mp4.png", "index.html"]
    index = (pages / "index.html").read_text(encoding="utf-8")
    assert 'href="a.mp4.html"' in index
    assert "a.mp4.png" not in index
    assert "3 clips, 2 of them without a prediction." in index
    assert "2 of 3 clips have no prediction\n" in result.stderr


def test_bar_counts_the_clips_on_a_terminal_and_nowhere_else(folder: Path) -> None:
    clips = [SpokenClip(folder / name) for name in ("a.mp4", "b.mp4")]
    shown = {}
    for is_terminal in (True, False):
        console = Console(file=io.StringIO(), force_terminal=is_terminal, width=80)
        with counted(clips, console) as each:
            assert list(each) == clips
        assert isinstance(console.file, io.StringIO)
        shown[is_terminal] = console.file.getvalue()
    assert "2/2" in shown[True]
    assert shown[False] == ""


@pytest.mark.parametrize(
    ("is_folder", "option", "name", "message"),
    [
        (False, "--page", "a.txt", "'--page' names a file that ends in .html"),
        (False, "--picture", "folder.png", "'--picture' names a file that ends in .png"),
        (True, "--page", "a.html", "'--page' names a folder too"),
    ],
    ids=["suffix", "folder", "file"],
)
def test_page_or_picture_under_a_wrong_name_is_refused(
    is_folder: bool, option: str, name: str, message: str, folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "a.html").touch()
    clip = folder if is_folder else folder / "a.mp4"
    result = call(clip, "--trial", "abcdef", option, tmp_path / name, "--storage", tmp_path)
    assert result.exit_code == 2
    assert message in " ".join(result.stderr.replace("│", "").split())


def test_best_trial_of_a_study_says_which_row_and_seed_it_is(
    storage: Path, folder: Path, tmp_path: Path
) -> None:
    study = tmp_path / "own.py"
    study.write_text(
        "from tests.orchestrator.factories import small_study\n"
        "OWN = small_study().model_copy(update={'name': 'own'})\n"
    )
    known = know_corpus(CORPUS, storage)
    ledger = Ledger(storage)
    plan = make_plan(small_study(), known, "tiny", None, ledger)
    record = run_trial(plan.trials["deep"][0], storage, trained_for=TRAINED_FOR)
    clip = folder / "a.mp4"
    result = call(clip, "--best", study, "--corpus", CORPUS, "--storage", storage)
    assert result.stdout.startswith(f"trial {record.key}: own/deep, seed 0"), result.output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "name the trial with either '--trial KEY' or '--best STUDY'"),
        (("--trial", "abcdef", "--best", "layers"), "either '--trial KEY' or '--best STUDY'"),
        (("--trial", "abcdef", "--output", "x.csv"), "'--output' works only for a folder, and"),
        (("--trial", "abcdef", "--text", "a", "--subtitles", __file__), "say the same thing"),
        (("--trial", "abcdef", "--device", "tpu"), "'tpu' is not one of 'cpu', 'cuda'"),
    ],
    ids=["neither", "both", "output", "texts", "device"],
)
def test_options_that_do_not_go_together_are_told(
    arguments: tuple[str, ...], message: str, storage: Path
) -> None:
    result = call(storage / "clips" / "clip.mp4", *arguments, "--storage", storage)
    assert result.exit_code == 2
    assert message in " ".join(result.stderr.replace("│", "").split())


@pytest.mark.parametrize("option", ["--json", "--text=well"])
def test_options_of_a_file_are_refused_for_a_folder(option: str, storage: Path) -> None:
    result = call(storage / "clips", "--trial", "abcdef", option, "--storage", storage)
    assert result.exit_code == 2
    assert "is a folder; '--text', '--subtitles'" in result.stderr


@pytest.mark.parametrize(("option", "name"), [("--page", "a.html"), ("--picture", "a.png")])
def test_place_that_cannot_be_written_is_told_before_the_trial_is_sought(
    option: str, name: str, storage: Path, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    where = tmp_path / "file" / "deeper" / name
    clip = storage / "clips" / "clip.mp4"
    result = call(clip, "--trial", "abcdef", option, where, "--storage", storage)
    assert result.exit_code == 2
    told = " ".join(result.stderr.replace("│", "").split())
    assert f"'{option}': '{where}' cannot be written: '{tmp_path / 'file'}' is a file" in told


def test_clip_that_is_not_there_is_told(storage: Path) -> None:
    result = call(storage / "gone.mp4", "--trial", "abcdef", "--storage", storage)
    assert "gone.mp4' does not exist" in result.stderr


def test_gpu_that_is_not_there_is_told(record: Record, storage: Path) -> None:
    clip = storage / "clips" / "clip.mp4"
    with pretended_gpus(0):
        result = call(clip, "--trial", record.key, "--device", "cuda", "--storage", storage)
    assert "Invalid value for '--device': PyTorch finds no GPU here" in result.stderr


@pytest.mark.parametrize(("name", "device"), [(None, "cuda:0"), ("cuda", "cuda:0"), ("cpu", "cpu")])
def test_device_is_a_gpu_by_its_index_unless_the_cpu_is_asked_for(
    name: str | None, device: str
) -> None:
    with pretended_gpus():
        assert predict_commands._device(name) == torch.device(device)
