"""A study whose batches take time and leave a trace, so that faults can hit its epochs."""

import shutil
from pathlib import Path

from benchmarks.trouble.laid_storage import CORPUS, Workplace, lay_workplace

NUM_SEEDS = 6
NUM_TRIALS = 2 * NUM_SEEDS
NUM_EPOCHS = 5
NUM_BATCHES = 3
"""Of an epoch: what `lay_slow_workplace` prepares has at most 12 clips to train on."""

TRACES = "traces"
"""The folder beside a storage where each training leaves a line of its batches, by trial."""

MODEL = f"""
import os
import time
from contextlib import suppress
from pathlib import Path

import torch
from torch import nn


def trial_folder():
    for opened in Path("/proc/self/fd").iterdir():
        with suppress(OSError):
            path = Path(os.readlink(opened))
            if path.name == "lock" and path.parent.parent.name == "trials":
                return path.parent
    return None


class SlowNet(nn.Module):
    def __init__(self, num_emotions: int, vocabulary: int, width: int = 8, is_deep: bool = True):
        super().__init__()
        self.words = nn.EmbeddingBag(vocabulary, width, padding_idx=0)
        self.hidden = nn.Linear(width, width) if is_deep else nn.Identity()
        self.head = nn.Linear(width, num_emotions)
        self.has_begun = False

    def forward(self, batch):
        folder = trial_folder() if self.training else None
        if folder is not None:
            time.sleep(0.2)
            with (folder.parents[1].parent / "{TRACES}" / folder.name).open("ab") as trace:
                trace.write(b"" if self.has_begun else b"\\n")
                trace.write(b".")
            self.has_begun = True
        return self.head(self.hidden(self.words(batch.tokens)).relu())
"""

STUDY = f"""
from mmer_sweep import Column, Row, Study, TrainingConfig, TrialConfig, own_system
from slownet import SlowNet

NET = own_system(SlowNet, recipe="le", modalities=("text",))

SLOW = Study(
    name="slow",
    title="A slow study",
    baseline=TrialConfig(
        model=NET,
        training=TrainingConfig(max_epochs={NUM_EPOCHS}, batch_size=4, learning_rate=1e-2),
    ),
    rows=(Row(name="deep"), Row(name="shallow", change={{"model.is_deep": False}})),
    columns={{"*": (Column(metric="f1", header="F1"), Column(metric="acc", header="Acc"))}},
    seeds=tuple(range({NUM_SEEDS})),
)
"""


def lay_slow_workplace(folder: Path) -> Workplace:
    """Write the study beside the other of the workplace, and prepare the corpus."""
    place = lay_workplace(folder)
    (folder / "slownet.py").write_text(MODEL, encoding="utf-8")
    (folder / "slow.py").write_text(STUDY, encoding="utf-8")
    return place


def sweep_arguments(
    place: Workplace, storage: Path, tracking_uri: str, slots: int = 2
) -> list[object]:
    """Return the command line that trains the study."""
    there = ("--storage", storage, "--corpus", CORPUS, "--tracking-uri", tracking_uri)
    return ["run", place.folder / "slow.py", *there, "--slots", slots, "--no-measure"]


def fresh(place: Workplace) -> Path:
    """Copy the storage, in which only the corpus is, to where the copy before was."""
    copy = place.folder / "hit" / "storage"
    shutil.rmtree(copy.parent, ignore_errors=True)
    shutil.copytree(place.storage, copy)
    copy.with_name(TRACES).mkdir()
    return copy
