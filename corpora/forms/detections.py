"""The faces found in every frame, stored so that another recipe does not detect them again."""

import logging
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path

import numpy as np
import pyarrow as pa

from corpora.forms.faces import DETECTOR, Faces
from corpora.source.digest import sha256_of

LOG = logging.getLogger(__name__)

SCHEMA = pa.schema(
    {
        "utterance": pa.string(),
        "time_ms": pa.list_(pa.int64()),  # of each frame, since the utterance's start
        "num_faces": pa.list_(pa.int32()),  # in each frame
        "boxes": pa.list_(pa.float32()),  # 4 a face
        "landmarks": pa.list_(pa.float32()),  # 5 x 2 a face
        "probabilities": pa.list_(pa.float32()),
    }
)

Detections = Mapping[int, Faces]
"""The faces of one utterance's frames, by their times in milliseconds."""


def time_ms(time_s: float) -> int:
    """Name a frame by its time: recipes that use the same time use the same frame."""
    return round(time_s * 1000)


def schema_for(source_digest: str) -> pa.Schema:
    """Return the columns; their metadata names the source and the detector."""
    return SCHEMA.with_metadata({"source": source_digest, "detector": DETECTOR})


def to_row(utterance: str, detections: Detections, schema: pa.Schema) -> pa.RecordBatch:
    """Make the row of one utterance."""
    faces = [detections[time] for time in sorted(detections)]
    flat = {
        name: np.concatenate([getattr(found, name).reshape(-1) for found in faces] or [[]])
        for name in ("boxes", "landmarks", "probabilities")
    }
    row = {
        "utterance": [utterance],
        "time_ms": [sorted(detections)],
        "num_faces": [[len(found) for found in faces]],
        **{name: [values] for name, values in flat.items()},
    }
    return pa.RecordBatch.from_pydict(row, schema=schema)


def sha256_beside(path: Path) -> Path:
    """Return the file that holds the SHA-256 of the detections; an earlier version wrote none."""
    return path.with_name(f"{path.name}.sha256")


class StoredDetections:
    """Detections on disk, if they were made from this source by this detector; else none.

    A damaged file is told; then all faces are detected again.
    """

    def __init__(self, path: Path, source_digest: str) -> None:
        self._path = path
        self._source_digest = source_digest

    def of(self, utterance: str) -> dict[int, Faces]:
        """Return what was found in an utterance's frames."""
        if utterance not in self._rows:
            return {}
        row = self._table.slice(self._rows[utterance], 1).to_pylist()[0]
        return dict(_faces(row))

    @cached_property
    def _table(self) -> pa.Table:
        schema = schema_for(self._source_digest)
        if self._path.is_file():
            try:
                table = self._read()
            except (pa.ArrowException, OSError, MemoryError) as error:  # Arrow raises all three
                LOG.warning("'%s' is damaged: %s; faces are detected again", self._path, error)
            else:
                if table.schema.equals(schema, check_metadata=True):
                    return table
        return schema.empty_table()

    def _read(self) -> pa.Table:
        hashed = sha256_beside(self._path)
        if hashed.is_file() and hashed.read_bytes() != sha256_of(self._path).encode():
            raise pa.ArrowInvalid(f"its SHA-256 is not the one in '{hashed.name}'")
        with pa.memory_map(str(self._path)) as file:
            return pa.ipc.open_file(file).read_all()

    @cached_property
    def _rows(self) -> dict[str, int]:
        names = self._table["utterance"].to_pylist()
        return {name: row for row, name in enumerate(names)}


def _faces(row: Mapping[str, list[float]]) -> Iterator[tuple[int, Faces]]:
    boxes = np.array(row["boxes"], np.float32).reshape(-1, 4)
    landmarks = np.array(row["landmarks"], np.float32).reshape(-1, 5, 2)
    probabilities = np.array(row["probabilities"], np.float32)
    begin = 0
    for time, num_faces in zip(row["time_ms"], row["num_faces"], strict=True):
        end = begin + int(num_faces)
        yield int(time), Faces(boxes[begin:end], landmarks[begin:end], probabilities[begin:end])
        begin = end
