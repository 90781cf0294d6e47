"""Readers of what lies in a storage folder, which others may write."""

import io
import shutil
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import numpy as np
import pyarrow as pa
import torch
from safetensors.torch import save

from corpora.forms.detections import StoredDetections, schema_for, to_row
from corpora.forms.faces import Faces
from corpora.source.rejects import Remark
from corpora.store.folders import MANIFEST_FILE, recipe_folder
from corpora.store.folds import Folds, folds_file, read_folds
from corpora.store.prepared import read_manifest
from corpora.store.remarked import REMARKS_FILE, Remarked, read_remarked, write_remarked
from models.weights.tensor_file import read_tensors
from orchestrator.addresses.database import finished_runs, settle
from orchestrator.failures.failure import failure_of
from orchestrator.failures.notes import notes_in
from orchestrator.live.publish import read_states
from orchestrator.search.journal.objects import read_copy
from orchestrator.storage.leases import live_name
from orchestrator.storage.mirror import ORIGIN_FILE, mirror_at
from orchestrator.storage.objects import store_of
from orchestrator.trial.checkpoints import Checkpoint, load_checkpoint, save_checkpoint
from reports.ledger.floor_file import floor_file, read_floor
from reports.ledger.ledger import CHECKPOINT_FILE, Ledger
from reports.ledger.planned import read_planned
from reports.ledger.probe import find_probe, probe_file, remember_probe
from reports.ledger.record_file import parse_record, record_bytes
from reports.ledger.search_result import (
    JOURNAL_FILE,
    RESULT_FILE,
    Candidate,
    Objective,
    SearchResult,
    read_searches,
    write_result,
)
from reports.ledger.withheld_file import read_withheld, withheld_file, write_withheld
from search_spaces.metrics.metric import Withheld
from search_spaces.study import RowRef
from tests.corpora.manifest_factory import make_manifest
from tests.fuzzing.inputs import Form
from tests.fuzzing.laying import alone, beside, in_file
from tests.fuzzing.trying import Reader
from tests.orchestrator.live.live_bench import LiveBench
from tests.orchestrator.probe_factory import make_probe
from tests.orchestrator.search.factories import open_log
from tests.reports.factories import make_record, make_split, make_trial
from tests.reports.floor_factory import write_linear
from tests.test_kept_ledger import KEPT, RECORDS

HERE = Path()
TRIAL = make_trial()
RECORD = make_record(TRIAL, "0" * 64)
PROBE = make_probe(TRIAL, 5.0)
WITHHELD: Withheld = (("text", 100),)
SEARCH = SearchResult(
    space="small",
    title="A small space",
    corpus="synthetic",
    scale="tiny",
    objectives=(Objective(name="f1"),),
    baselines={"le": "search_spaces.systems.le:LE"},
    candidates=(
        Candidate(number=0, system="le", values={"a": 1}, change={}, state="finished"),
        Candidate(number=1, system="le", values={"a": 2}, change={"b": [1]}, state="failed"),
    ),
)


def _records(_: Path) -> Sequence[bytes]:
    """Give records without their digests too, else damage would be found before they are read."""
    plain = RECORD.model_dump_json(indent=1).encode()
    return [plain, record_bytes(RECORD)]


def _read_record(_: Path, content: bytes) -> object:
    return parse_record(content, RECORD.key)


def _kept(folder: Path) -> None:
    shutil.copytree(KEPT, folder, dirs_exist_ok=True)


def _record_in_ledger(folder: Path) -> Sequence[bytes]:
    _kept(folder)
    return [RECORDS[0].read_bytes()]


def _plan(folder: Path) -> Sequence[bytes]:
    _kept(folder)
    return [(folder / PLAN).read_bytes()]


def _manifest(_: Path) -> Sequence[bytes]:
    return [make_manifest().model_dump_json(indent=1).encode()]


def _read_manifest(folder: Path, content: bytes) -> object:
    path = recipe_folder(folder, "mine", "le") / MANIFEST_FILE
    read = in_file(str(path.relative_to(folder)), lambda _: read_manifest(folder, "mine", "le"))
    return read(folder, content)


def _remarked(folder: Path) -> Sequence[bytes]:
    write_remarked(folder, [Remarked(utterance="a", split="train", remark=Remark.NO_FACE)])
    return [(folder / REMARKS_FILE).read_bytes()]


def _folds(_: Path) -> Sequence[bytes]:
    folds = Folds(rule="by speaker", names=("a", "b", "c"), assigned={"u": 1, "v": 2, "w": 3})
    return [folds.model_dump_json(indent=1).encode()]


def _probe(folder: Path) -> Sequence[bytes]:
    return [remember_probe(PROBE, folder).read_bytes()]


def _read_probe(folder: Path) -> object:
    return find_probe(PROBE.architecture, PROBE.device, PROBE.num_at_once, folder)


def _note(folder: Path) -> Sequence[bytes]:
    notes_in(folder).add(TRIAL, RowRef("depth", "ours"), failure_of("memory", "out of memory"))
    return [(folder / NOTE).read_bytes()]


def _state(_: Path) -> Sequence[bytes]:
    return [LiveBench("a", "b").live.state("alpha:1:2").model_dump_json(indent=1).encode()]


def _search(folder: Path) -> Sequence[bytes]:
    return [write_result(SEARCH, folder / "searches" / SEARCH.name).read_bytes()]


def _journal(folder: Path) -> Sequence[bytes]:
    log = open_log(folder / "made")
    for number in range(3):
        log.ask(3)
        log.note_f1(number, {1: 0.5})
    log.finish(0, {"f1": 0.5})
    log.stop(1, {1: 0.25})
    return [(folder / "made" / JOURNAL_FILE).read_bytes()]


def _read_journal(folder: Path) -> object:
    log = open_log(folder)
    log.is_complete(3)
    log.open_candidates()
    return log.candidates(lambda point: "key")


def _floor(folder: Path) -> Sequence[bytes]:
    return [write_linear(folder, 3).read_bytes()]


def _read_floor(folder: Path) -> object:
    return read_floor(folder, TRIAL.corpus.content)


def _withheld(folder: Path) -> Sequence[bytes]:
    return [write_withheld(folder, RECORD, WITHHELD, make_split(0, 3)).read_bytes()]


def _read_withheld(folder: Path) -> object:
    return read_withheld(folder, RECORD, WITHHELD)


def _detections(_: Path) -> Sequence[bytes]:
    schema = schema_for("digest")
    rows = to_row("u", {0: Faces(*(np.ones((1, *shape), np.float32) for shape in FACE))}, schema)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, schema) as writer:
        writer.write_batch(rows)
    return [sink.getvalue().to_pybytes()]


def _read_detections(path: Path) -> object:
    return StoredDetections(path, "digest").of("u")


def _checkpoint(folder: Path) -> Sequence[bytes]:
    state = {"model": {"a.weight": torch.ones(2, 3)}, "epoch": 3, "best": [0.5, None]}
    save_checkpoint(folder, Checkpoint("digest", state, (1,), key=TRIAL.key))
    return [(folder / CHECKPOINT_FILE).read_bytes()]


def _read_checkpoint(folder: Path) -> object:
    return load_checkpoint(folder, torch.device("cpu"))


def _weights(_: Path) -> Sequence[bytes]:
    named = {"module.a.weight": torch.ones(2, 3), "b": torch.zeros(4, dtype=torch.int64)}
    return [save(named), save({"model.c": torch.ones(1, dtype=torch.bfloat16)}, {"format": "pt"})]


def _old_weights(_: Path) -> Sequence[bytes]:
    file = io.BytesIO()
    torch.save({"state_dict": {"module.a.weight": torch.ones(2, 3)}, "epoch": 1}, file)
    return [file.getvalue()]


def _database(folder: Path) -> Sequence[bytes]:
    """Make the tables of an MLflow that are read without MLflow."""
    path = folder / "made.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executescript(TABLES)
    return [path.read_bytes()]


def _read_database(path: Path) -> object:
    for journal in path.parent.glob(f"{path.name}-*"):
        journal.unlink()
    settle(path, "mmer-sweep", path.parent)
    return finished_runs(path, "mmer-sweep")


def _origin(folder: Path) -> Sequence[bytes]:
    (folder / "storage").mkdir()
    return [b"s3://bucket/prefix\n" + bytes(folder / "storage") + b"\n"]


KEPT_RECORD = str(RECORDS[0].relative_to(KEPT))
FOLDS = str(folds_file(HERE, "mine"))
PROBE_FILE = str(probe_file(PROBE.architecture, PROBE.device, PROBE.num_at_once, HERE))
RESULT = f"searches/{SEARCH.name}/{RESULT_FILE}"
FLOOR = str(floor_file(HERE, TRIAL.corpus.content))
WITHHELD_FILE = str(withheld_file(HERE, RECORD, WITHHELD))
PLAN = "plans/kept/synthetic-tiny.json"
NOTE = f"failures/{TRIAL.key}.json"
STATE = live_name("alpha:1:2")
FACE = ((4,), (5, 2), ())
TABLES = """
CREATE TABLE experiments (experiment_id INTEGER, name TEXT, lifecycle_stage TEXT,
  artifact_location TEXT);
CREATE TABLE runs (run_uuid TEXT, experiment_id INTEGER, lifecycle_stage TEXT, status TEXT,
  artifact_uri TEXT);
CREATE TABLE tags (run_uuid TEXT, key TEXT, value TEXT);
INSERT INTO experiments VALUES (1, 'mmer-sweep', 'active', 'file:///elsewhere');
INSERT INTO runs VALUES ('a1b2', 1, 'active', 'FINISHED', 'file:///elsewhere/a1b2/artifacts');
INSERT INTO tags VALUES ('a1b2', 'key', '0123456789abcdef');
"""
TEXT, JSON, BYTES, ZIP, TENSORS = Form.TEXT, Form.JSON, Form.BYTES, Form.ZIP, Form.TENSORS
WEIGHTS = "model.safetensors"


def _places(folder: Path) -> object:
    return mirror_at(folder / "storage")


def _records_of(folder: Path) -> object:
    return [*Ledger(folder).records(leaves_damaged=True)]


OF_STORAGE = (
    Reader("record", JSON, _records, _read_record),
    Reader("record in a ledger", JSON, _record_in_ledger, beside(KEPT_RECORD, _records_of)),
    Reader("plan", JSON, _plan, beside(PLAN, lambda folder: read_planned(Ledger(folder)))),
    Reader("manifest", JSON, _manifest, _read_manifest),
    Reader("remarks", JSON, _remarked, beside(REMARKS_FILE, read_remarked)),
    Reader("folds", JSON, _folds, beside(FOLDS, lambda folder: read_folds(folder, "mine"))),
    Reader("probe", JSON, _probe, beside(PROBE_FILE, _read_probe)),
    Reader("failure note", JSON, _note, beside(NOTE, lambda folder: [*notes_in(folder).every()])),
    Reader("live state", JSON, _state, beside(STATE, lambda folder: read_states(store_of(folder)))),
    Reader("search result", JSON, _search, beside(RESULT, read_searches)),
    Reader("search journal", TEXT, _journal, beside(JOURNAL_FILE, _read_journal)),
    Reader("journal's copy", JSON, alone(b'["{\\"a\\": 1}", "{}"]'), in_file("copy", read_copy)),
    Reader("floors", BYTES, _floor, beside(FLOOR, _read_floor), is_native=True),
    Reader("withheld", BYTES, _withheld, beside(WITHHELD_FILE, _read_withheld), is_native=True),
    Reader("detections", BYTES, _detections, in_file("a.arrow", _read_detections), is_native=True),
    Reader(
        "checkpoint", ZIP, _checkpoint, beside(CHECKPOINT_FILE, _read_checkpoint), is_native=True
    ),
    Reader("weights", TENSORS, _weights, in_file(WEIGHTS, read_tensors), is_native=True),
    Reader(
        "weights of torch.save", ZIP, _old_weights, in_file("a.bin", read_tensors), is_native=True
    ),
    Reader(
        "MLflow database", BYTES, _database, in_file("mlflow.db", _read_database), is_native=True
    ),
    Reader("origin of a mirror", TEXT, _origin, beside(f"storage/{ORIGIN_FILE}", _places)),
)
