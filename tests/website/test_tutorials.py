"""The commands of the tutorials run, one after another, in a folder of the reader.

They run on a few clips with one seed and are not measured first: what is held is that each ends
well, and that the files of the pages fit each other. `tests/test_wheel.py` runs `own-model.md`.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from corpora.preparation.prepare import run_here
from orchestrator.cli import cli
from orchestrator.corpus import on_ray
from tests.corpora.media_factory import clip_lines, write_clip_folder
from tests.test_docs import ROOT

PAGES = ("own-clips", "first-sweep", "own-study", "own-paper")
"""In an order in which later pages share trials with earlier ones."""

FILE = re.compile(r"`(\w+\.(?:py|yaml|csv))`[^`]*\n\n```\w+\n(.*?)```", re.DOTALL)
SHELL = re.compile(r"```sh\n(.*?)```", re.DOTALL)
LESS = {
    "prepare": ("--recipe", "le"),
    "plan": ("--corpus", "mine", "--no-measure"),
    "components": ("--corpus", "mine", "--seeds", "1", "--no-measure"),
    "run": ("--corpus", "mine", "--seeds", "1", "--no-measure"),
    "report": ("--no-model-figures",),
}
"""What is added to a command, so that it takes seconds; a later option of a name counts."""

SHOWN = {
    "own-clips": ("LEAK: ", "Early Fusion", "happy"),
    "first-sweep": ("components", "Early Fusion", "report.html"),
    "own-study": ("Width of the transformers", "16", "report.html"),
    "own-paper": ("4 lines say 'check'", "66.7, but the mean of the 2 F1 cells is 65.70", "80.1"),
}
"""Some of what the commands of a page print."""


def commands_of(page: str) -> list[list[str]]:
    """List the commands of ours in a page's blocks for the shell, without the name."""
    lines = [line for block in SHELL.findall(page) for line in block.splitlines()]
    typed = [shlex.split(line, comments=True) for line in lines]
    assert {words[0] for words in typed} <= {"mmer-sweep", "make", "source"}
    return [words[1:] for words in typed if words[0] == "mmer-sweep"]


def call(*arguments: str, cwd: Path) -> str:
    """Run the installed command to its end and return what it printed, in one line."""
    program = shutil.which("mmer-sweep", path=str(Path(sys.executable).parent))
    assert program is not None
    done = subprocess.run(
        [program, *arguments],
        cwd=cwd,
        env=os.environ | {"COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, f"{shlex.join(arguments)}\n{done.stdout}{done.stderr}"
    return " ".join(done.stdout.split())


@pytest.mark.slow
def test_commands_of_the_tutorials_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`prepare` runs in this process: `tests/test_end_to_end.py` runs it on Ray."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(on_ray, "runner_on_ray", lambda storage, address: run_here)
    clips = write_clip_folder(tmp_path / "clips", clip_lines(per_split=12))
    shutil.copy(next(clips.glob("*.mp4")), tmp_path / "talk.mp4")
    for name in PAGES:
        page = (ROOT / "docs" / f"{name}.md").read_text(encoding="utf-8")
        for file, content in FILE.findall(page):
            if file != "clips.csv":  # that of the folder names clips that are there
                (tmp_path / file).write_text(content, encoding="utf-8")
        printed = ""
        for words in commands_of(page):
            arguments = (*words, *LESS.get(words[0], ()))
            if words[0] == "prepare":
                cli.main(arguments, standalone_mode=False)
            else:
                printed += call(*arguments, cwd=tmp_path)
        assert [text for text in SHOWN[name] if text not in printed] == [], name
