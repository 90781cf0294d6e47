"""The form of a prepared corpus on disk: one Arrow IPC file a split, and the manifest.

All below `<storage>/corpora/<name>/`: train.arrow, valid.arrow, test.arrow and manifest.json.
"""

from pathlib import Path

import pyarrow as pa
from pydantic import ValidationError

from corpora.errors import CorpusError
from corpora.manifest import MANIFEST_FILE, PREPARED_SCHEMA, Manifest
from corpora.utterance import SYNTHETIC, Split

SCHEMA = pa.schema(
    {
        "utterance": pa.string(),
        "group": pa.string(),
        "text": pa.string(),
        "labels": pa.list_(pa.int8()),
        "num_faces": pa.int32(),
        "faces": pa.large_list(pa.uint8()),  # num_faces x 3 x face_px x face_px, RGB
        "num_chunks": pa.int32(),
        "mels": pa.large_list(pa.float32()),  # num_chunks x num_mels x chunk_frames, power
    }
)


def corpus_folder(storage: Path, name: str) -> Path:
    """Return where a prepared corpus lies, or would lie."""
    return storage / "corpora" / name


def split_file(folder: Path, split: Split) -> Path:
    """Return the file of one split."""
    return folder / f"{split}.arrow"


def read_manifest(storage: Path, name: str) -> Manifest:
    """Read what a prepared corpus holds.

    Raises:
        CorpusError: If it is not prepared, or its manifest is damaged or of another version.
    """
    path = corpus_folder(storage, name) / MANIFEST_FILE
    try:
        manifest = Manifest.model_validate_json(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise CorpusError(
            f"corpus '{name}' is not prepared in '{storage}'; choose from "
            f"{', '.join(sorted({SYNTHETIC, *prepared_names(storage)}))}, "
            "or run `mmer-sweep prepare`"
        ) from error
    except ValidationError as error:
        raise CorpusError(f"manifest '{path}' is damaged: {error}") from error
    if manifest.schema_version != PREPARED_SCHEMA:
        raise CorpusError(
            f"corpus '{name}' was prepared in format {manifest.schema_version}, this version reads "
            f"{PREPARED_SCHEMA}: prepare it again"
        )
    return manifest


def prepared_names(storage: Path) -> list[str]:
    """List the corpora that are prepared."""
    return sorted(path.parent.name for path in (storage / "corpora").glob(f"*/{MANIFEST_FILE}"))
