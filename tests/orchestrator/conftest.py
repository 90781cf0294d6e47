import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from mlflow.tracking import MlflowClient

from corpora.preparation.prepare import prepare
from corpora.readers.clip_folder import read_clips
from corpora.recipes.pictures import LE
from corpora.store.manifest import Manifest
from corpora.store.prepared import read_manifest
from tests.bucket_server import BucketServer, bucket_server
from tests.corpora.media_factory import clip_lines, write_clip_folder

CORPUS = "mine"


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Prepare a small corpus once; tests work on copies."""
    storage = tmp_path_factory.mktemp("prepared")
    source = read_clips(write_clip_folder(storage / "clips", clip_lines(per_split=12)))
    prepare(source, [LE], name=CORPUS, storage=storage)
    return storage


@pytest.fixture
def storage(prepared: Path, tmp_path: Path) -> Iterator[Path]:
    """Give a storage folder of its own that holds the prepared corpus."""
    folder = tmp_path / "storage"
    shutil.copytree(prepared / "corpora", folder / "corpora")
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def manifest(storage: Path) -> Manifest:
    return read_manifest(storage, CORPUS, LE.name)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BucketServer]:
    """Start what stands for S3, once."""
    with bucket_server(tmp_path_factory.mktemp("server")) as started:
        yield started


@pytest.fixture
def bucket(server: BucketServer, monkeypatch: pytest.MonkeyPatch) -> str:
    """Give the URI of a new bucket that this process finds."""
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
    return server.make_bucket(f"bucket-{uuid.uuid4().hex}")


@pytest.fixture(scope="session")
def blank_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make MLflow's tables once: they take seconds."""
    path = tmp_path_factory.mktemp("mlflow") / "mlflow.db"
    MlflowClient(tracking_uri=f"sqlite:///{path}").search_experiments()
    return path
