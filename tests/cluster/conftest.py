from pathlib import Path

import pytest

from corpora.preparation.prepare import prepare
from corpora.readers.clip_folder import read_clips
from corpora.recipes.pictures import LE
from tests.cluster.hosts import why_no_hosts
from tests.corpora.media_factory import clip_lines, write_clip_folder
from tests.orchestrator.factories import write_study_file
from tests.running import call, sweep

MAX_EPOCHS = 24
"""So many that a trial trains for seconds after its first epoch, until its machine is hit."""


@pytest.fixture(scope="package", autouse=True)
def _hosts_can_be_made() -> None:
    if reason := why_no_hosts():
        pytest.skip(reason)


@pytest.fixture(scope="package")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Train a small study in one place: a folder with clips, `small.py` and `storage`."""
    folder = tmp_path_factory.mktemp("alone")
    source = read_clips(write_clip_folder(folder / "clips", clip_lines(per_split=12)))
    prepare(source, [LE], name="mine", storage=folder / "storage")
    study = write_study_file(folder / "small.py", max_epochs=MAX_EPOCHS)
    call(*sweep(study, folder / "storage"), cwd=folder)
    return folder
