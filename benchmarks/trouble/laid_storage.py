"""A small real storage: clips, a prepared corpus, a study that trains in a moment."""

from pathlib import Path
from typing import NamedTuple

from corpora.parsing.sealed import sealed
from corpora.preparation.known import know_corpus
from corpora.preparation.prepare import prepare
from corpora.readers.clip_folder import read_clips
from corpora.recipes.pictures import LE
from corpora.synthetic.corpus import SyntheticConfig, write_synthetic
from models.own.system import OwnSystem
from orchestrator.addresses.address import tracking_uri_of
from orchestrator.addresses.spool import spool
from orchestrator.failures.failure import failure_of
from orchestrator.failures.notes import notes_in
from orchestrator.live.state import SweepState
from orchestrator.plan.plan import Plan, make_plan, missing_trials
from orchestrator.storage.leases import DRIVERS, LEASE_PREFIX, live_name
from orchestrator.storage.objects import store_of
from orchestrator.storage.own_code import keep_code
from orchestrator.trial.conditions import Conditions
from orchestrator.trial.run import run_trial
from reports.ledger.ledger import Ledger
from reports.ledger.planned import read_planned
from reports.ledger.probe import (
    Probe,
    architecture_of,
    remember_device,
    remember_probe,
    torch_version,
)
from search_spaces.catalogue import load_studies
from search_spaces.study import RowRef

CORPUS = "mine"
NUM_CLIPS = 24

MODEL = """
import torch
from torch import nn


class GateNet(nn.Module):
    def __init__(self, num_emotions: int, vocabulary: int, width: int = 8, gated: bool = True):
        super().__init__()
        self.words = nn.EmbeddingBag(vocabulary, width, padding_idx=0)
        self.sound = nn.Linear(128, width)
        self.gate = nn.Linear(2 * width, 2) if gated else None
        self.head = nn.Linear(width, num_emotions)

    def forward(self, batch):
        rows = batch.mels.mean((1, 3)).log1p().split(batch.num_chunks)
        sound = self.sound(torch.stack([row.mean(0) for row in rows]))
        both = torch.stack([self.words(batch.tokens), sound], dim=1)
        if self.gate is not None:
            both = both * self.gate(both.flatten(1)).softmax(1).unsqueeze(2)
        return self.head(both.mean(1))
"""

STUDY = """
from mmer_sweep import Column, Row, Study, TrainingConfig, TrialConfig, greater, own_system
from mynet import GateNet

NET = own_system(GateNet, recipe="le", modalities=("text", "audio"))

GATES = Study(
    name="gates",
    title="Does the gate matter?",
    baseline=TrialConfig(model=NET, training=TrainingConfig(max_epochs=2, learning_rate=1e-2)),
    rows=(Row(name="gated"), Row(name="not gated", change={"model.gated": False})),
    columns={
        "*": (
            Column(metric="f1", header="F1"),
            Column(metric="acc", header="Acc"),
            Column(metric="f1_without_audio", header="F1, no sound"),
        )
    },
    claims=(greater("gate", "it helps", "gated", "not gated", corpus="*", metric="f1"),),
    seeds=(0, 1),
)
"""

SPACE = """
from mmer_sweep import LogRange, Space

SMALL = Space(
    name="small",
    title="A small space",
    systems={"le": "search_spaces.systems.le:LE"},
    change={"training.max_epochs": 1},
    fields=(LogRange(path="training.learning_rate", low=1e-4, high=1e-2),),
)
"""


class Workplace(NamedTuple):
    """A folder with a user's files, and a storage in it."""

    folder: Path

    @property
    def study(self) -> Path:
        """The file of the study."""
        return self.folder / "gates.py"

    @property
    def space(self) -> Path:
        """The file of the space to search."""
        return self.folder / "small.py"

    @property
    def storage(self) -> Path:
        """The storage that is copied for each trouble."""
        return self.folder / "storage"


def lay_workplace(folder: Path) -> Workplace:
    """Write the user's files, and prepare the corpus; nothing is trained yet."""
    place = Workplace(folder)
    (folder / "mynet.py").write_text(MODEL, encoding="utf-8")
    place.study.write_text(STUDY, encoding="utf-8")
    place.space.write_text(SPACE, encoding="utf-8")
    write_synthetic(folder / "clips", SyntheticConfig(num_utterances=NUM_CLIPS))
    prepare(read_clips(folder / "clips"), [LE], name=CORPUS, storage=place.storage)
    return place


def plan_study(place: Workplace, storage: Path) -> Plan:
    """Plan the study as `run` does."""
    (study,) = load_studies(place.study)
    return make_plan(study, know_corpus(CORPUS, storage), "tiny", None, Ledger(storage))


def train_missing(place: Workplace, storage: Path) -> None:
    """Train what `run` would train, one trial after the other, without Ray."""
    for trial, row in missing_trials([plan_study(place, storage)]).values():
        if isinstance(trial.config.model, OwnSystem):
            keep_code(trial.config.model, storage)
        run_trial(trial, storage, trained_for=row, conditions=Conditions())


def lay_notes(storage: Path) -> None:
    """Leave what a sweep that was killed leaves: a failure's note, a state, a lease, a driver."""
    record = next(Ledger(storage).records())
    failure = failure_of("training", "ValueError: made up\nas a killed process leaves it")
    row = RowRef(record.circumstances.study, record.circumstances.row)
    unfinished = record.trial.model_copy(update={"seed": 99})
    notes_in(storage).add(unfinished, row, failure)
    driver = "another-host-1-1"
    state = SweepState(
        driver=driver,
        names=("gates",),
        corpus=CORPUS,
        scale="tiny",
        started_at="2026-01-01T00:00:00+00:00",
        updated_at="2026-01-01T00:10:00+00:00",
        num_trials=4,
        num_finished=3,
        num_failed=0,
        running=(),
        seconds_left=60.0,
        num_waiting_for_mlflow=0,
    )
    store = store_of(storage)
    store.write(live_name(driver), sealed(state))
    store.write(f"{DRIVERS}/{driver}", b"7")
    store.create(f"trials/{unfinished.key}/{LEASE_PREFIX}1", driver.encode())
    probe = Probe(
        architecture=architecture_of(record.trial),
        device="CPU",
        num_at_once=1,
        torch=torch_version(),
        num_steps=3,
        start_s=1.0,
        step_s=0.125,
        valid_s=0.5,
        end_s=0.25,
        memory_mib=300.0,
    )
    remember_probe(probe, storage)
    remember_device("a-machine", "CPU", storage)
    spool([*read_planned(Ledger(storage))], storage, tracking_uri_of(None, storage))
