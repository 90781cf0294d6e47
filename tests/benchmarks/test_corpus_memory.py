import pyarrow as pa
import pytest

from benchmarks.corpus_memory import Usage, copy_rows, growth_of
from corpora.parsing.json_text import parse_json
from corpora.source.split import SPLITS
from corpora.store.folders import MANIFEST_FILE, split_file
from corpora.store.manifest import Manifest
from corpora.store.splits import check_splits
from tests.corpora.manifest_factory import make_manifest


def usage(num_utterances, private_bytes):
    return Usage(
        num_utterances=num_utterances,
        file_bytes=1000 * num_utterances,
        private_before_bytes=0,
        private_open_bytes=private_bytes,
        private_most_bytes=0,
        mapped_bytes=0,
        batches_per_s=1.0,
    )


def test_growth_is_that_of_medians_from_the_smallest_to_the_largest():
    usages = {
        4: [usage(40, 999)],
        1: [usage(10, 100), usage(10, 150), usage(10, 900)],
        16: [usage(160, 450)],
    }
    growth = growth_of(usages)
    assert growth.private_bytes == pytest.approx(2.0)
    assert growth.file_bytes == pytest.approx(1000.0)


def test_rows_are_copied_under_new_names(tmp_path):
    once, twice = tmp_path / "once", tmp_path / "twice"
    once.mkdir()
    (once / MANIFEST_FILE).write_text(make_manifest().model_dump_json())
    batch = pa.RecordBatch.from_pydict({"utterance": ["a", "b"], "text": ["x", "y"]})
    for split in SPLITS:
        with pa.ipc.new_file(str(split_file(once, split)), batch.schema) as writer:
            writer.write_batch(batch)
    copy_rows(once, twice, 2)
    with pa.memory_map(str(split_file(twice, "valid"))) as file:
        rows = pa.ipc.open_file(file).read_all().to_pydict()
    assert rows == {"utterance": ["a-0", "b-0", "a-1", "b-1"], "text": ["x", "y", "x", "y"]}
    manifest = parse_json((twice / MANIFEST_FILE).read_bytes(), Manifest)
    check_splits(twice, manifest)
    assert manifest.sha256.keys() == set(SPLITS)
