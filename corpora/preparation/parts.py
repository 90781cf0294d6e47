"""Parts of a corpus in preparation: a few utterances each, either finished or absent.

A part is a folder that is renamed into place when it is complete. So a killed `prepare` continues
with the parts that are missing, on any machine.
"""

import logging
import os
import shutil
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
from pydantic import BaseModel, ConfigDict

from corpora.forms.detections import schema_for, to_row
from corpora.forms.form import PreparedClip
from corpora.parsing.errors import ParseError
from corpora.parsing.sealed import parse_sealed, sealed
from corpora.preparation.clip_pass import PassedClip
from corpora.recipes.columns import GROUP, LABELS, SECONDS, SPEAKER, TEXT, UTTERANCE
from corpora.recipes.union import AnyRecipe
from corpora.source.digest import sha256_of
from corpora.source.rejects import Reject, Remark
from corpora.source.task import TaskKind
from corpora.source.utterance import Source, Utterance
from corpora.store.folders import DETECTIONS_FILE
from corpora.store.prepared import schema_of

CLIPS_PER_PART = 8
REPORT_FILE = "part.json"

LOG = logging.getLogger(__name__)


def parts_of(source: Source) -> list[Sequence[Utterance]]:
    """Cut a source into parts."""
    return [
        source.utterances[begin : begin + CLIPS_PER_PART]
        for begin in range(0, len(source.utterances), CLIPS_PER_PART)
    ]


class FormReport(BaseModel):
    """What one recipe made of an utterance."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    num_frames: int
    num_faces: int
    num_chunks: int
    widths: dict[str, int]
    remarks: tuple[Remark, ...]
    details: dict[Remark, str] = {}


class PartReport(BaseModel):
    """The outcome of a part's utterances; `kept` by utterance and recipe, in the source's order.

    `sha256` names the content of the part's other files.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kept: dict[str, dict[str, FormReport]]
    rejects: tuple[Reject, ...]
    sha256: dict[str, str] = {}


class PartFolder:
    """Where the parts of one source, prepared by some recipes, are collected."""

    def __init__(
        self, path: Path, source_digest: str, task: TaskKind, recipes: Sequence[AnyRecipe]
    ) -> None:
        self.path = path
        self._schemas = {recipe.name: schema_of(recipe, task) for recipe in recipes}
        self._detections_schema = schema_for(source_digest)

    def finished(self) -> set[int]:
        """List the finished parts."""
        return {int(path.parent.name) for path in self.path.glob(f"[0-9]*/{REPORT_FILE}")}

    def drop_damaged(self) -> None:
        """Tell and remove the finished parts whose files are not those of their reports."""
        for number in sorted(self.finished()):
            try:
                for name, sha256 in self.report(number).sha256.items():
                    if sha256_of(self.path / str(number) / name) != sha256:
                        raise ParseError(f"the SHA-256 of {name} is not the one in {REPORT_FILE}")
            except (ParseError, FileNotFoundError) as error:
                LOG.warning("part '%s' is damaged: %s; made again", self.path / str(number), error)
                shutil.rmtree(self.path / str(number))

    def write(self, number: int, outcomes: Sequence[PassedClip | Reject]) -> None:
        """Write a part; it appears when it is complete."""
        partial = self.new_folder()
        clips = [outcome for outcome in outcomes if isinstance(outcome, PassedClip)]
        for name, form_schema in self._schemas.items():
            rows = (clip_row(clip, name, form_schema) for clip in clips)
            _write_rows(partial / f"{name}.arrow", rows, form_schema)
        schema = self._detections_schema
        rows = (to_row(clip.utterance.id, clip.detections, schema) for clip in clips)
        _write_rows(partial / DETECTIONS_FILE, rows, schema)
        report = PartReport(
            kept={
                clip.utterance.id: {name: _report(form) for name, form in clip.forms.items()}
                for clip in clips
            },
            rejects=tuple(outcome for outcome in outcomes if isinstance(outcome, Reject)),
            sha256={path.name: sha256_of(path) for path in sorted(partial.iterdir())},
        )
        (partial / REPORT_FILE).write_bytes(sealed(report))
        try:
            partial.rename(self.path / str(number))
        except OSError:  # another worker wrote the same part first
            if number not in self.finished():
                raise
            shutil.rmtree(partial)

    def new_folder(self) -> Path:
        """Make a folder for files that are not complete yet."""
        folder = self.path / f".{uuid.uuid4().hex}"
        folder.mkdir(parents=True)
        return folder

    def report(self, number: int) -> PartReport:
        """Read the report of a part."""
        return parse_sealed((self.path / str(number) / REPORT_FILE).read_bytes(), PartReport)

    def rows(self, number: int, file: str) -> Iterator[pa.RecordBatch]:
        """Read the rows of one of a part's files, one utterance each."""
        with pa.memory_map(os.fspath(self.path / str(number) / file)) as memory:
            reader = pa.ipc.open_file(memory)
            for index in range(reader.num_record_batches):
                yield reader.get_batch(index)


def clip_row(clip: PassedClip, recipe: str, schema: pa.Schema) -> pa.RecordBatch:
    """Make the row of one utterance, prepared by a recipe of this name, with these columns."""
    labels = pa.array([clip.utterance.labels], schema.field(LABELS).type)
    columns = {
        **_utterance_columns(clip.utterance),
        LABELS: labels,
        **clip.forms[recipe].columns,
    }
    return pa.RecordBatch.from_arrays([columns[name] for name in schema.names], schema=schema)


def _write_rows(path: Path, rows: Iterator[pa.RecordBatch], schema: pa.Schema) -> None:
    with pa.ipc.new_file(os.fspath(path), schema) as writer:
        for row in rows:
            writer.write_batch(row)


def _utterance_columns(utterance: Utterance) -> dict[str, pa.Array]:
    return {
        UTTERANCE: pa.array([utterance.id]),
        GROUP: pa.array([utterance.group]),
        SPEAKER: pa.array([utterance.speaker], pa.string()),
        SECONDS: pa.array([utterance.duration_s], pa.float32()),
        TEXT: pa.array([utterance.text]),
    }


def _report(form: PreparedClip) -> FormReport:
    return FormReport(
        num_frames=form.num_frames,
        num_faces=form.num_faces,
        num_chunks=form.num_chunks,
        widths=dict(form.widths),
        remarks=form.remarks,
        details=dict(form.details),
    )
