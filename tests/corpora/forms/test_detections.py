import logging
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from corpora.forms.detections import StoredDetections, schema_for, to_row
from corpora.forms.faces import Faces

FACES = Faces(np.ones((1, 4), np.float32), np.ones((1, 5, 2), np.float32), np.ones(1, np.float32))


def test_damaged_file_is_told_and_holds_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Arrow raises an OSError where the file's footer makes no sense."""
    path, schema = tmp_path / "detections.arrow", schema_for("digest")
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, schema) as writer:
        writer.write_batch(to_row("u", {0: FACES}, schema))
    assert [*StoredDetections(path, "digest").of("u")] == [0]
    content = bytearray(path.read_bytes())
    content[-30:-10] = b"\xff" * 20
    path.write_bytes(content)
    with caplog.at_level(logging.WARNING):
        assert StoredDetections(path, "digest").of("u") == {}
    assert "faces are detected again" in caplog.text
