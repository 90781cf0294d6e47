import pytest
import torch

from corpora.batches import Batch, ResidentCorpus, load_corpus
from corpora.clip_folder import read_clips
from corpora.prepare import prepare
from corpora.prepared import corpus_folder, read_manifest
from corpora.recipe import LE
from corpora.tokens import TokenSettings
from tests.corpora.media_factory import clip_lines, write_clip_folder

TOKENS = TokenSettings(weights=None, vocabulary=100, max_tokens=50)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> ResidentCorpus:
    storage = tmp_path_factory.mktemp("storage")
    lines = clip_lines(per_split=5)
    for index, line in enumerate(lines):
        line |= {"end": 0.8 + 0.3 * (index % 4), "start": 0}  # one or two faces, 3 to 5 chunks
    lines[0] |= {"text": "one two three four five six seven", "sad": 1}
    source = read_clips(write_clip_folder(storage / "clips", lines))
    manifest = prepare(source, LE, name="mine", storage=storage, num_workers=1)
    assert manifest == read_manifest(storage, "mine")
    return load_corpus(corpus_folder(storage, "mine"), manifest, TOKENS, torch.device("cpu"))


def batches(corpus: ResidentCorpus, batch_size: int) -> list[Batch]:
    return list(corpus.splits["train"].in_order(batch_size))


def test_packed_batch_equals_its_utterances_one_by_one(corpus: ResidentCorpus) -> None:
    (whole,) = batches(corpus, 5)
    single = batches(corpus, 1)
    assert torch.equal(whole.faces, torch.cat([batch.faces for batch in single]))
    assert torch.equal(whole.mels, torch.cat([batch.mels for batch in single]))
    assert whole.num_faces.tolist() == [len(batch.faces) for batch in single] == [1, 2, 2, 2, 1]
    assert whole.num_chunks.tolist() == [len(batch.mels) for batch in single]
    assert torch.equal(whole.labels, torch.cat([batch.labels for batch in single]))


def test_faces_are_normalised_by_the_recipe(corpus: ResidentCorpus) -> None:
    first = batches(corpus, 1)[0].faces[0]  # the clip's first frame is black
    expected = -torch.tensor(LE.face_mean) / torch.tensor(LE.face_std)
    torch.testing.assert_close(first.mean((1, 2)), expected, atol=0.1, rtol=0)


def test_tokens_are_padded_to_the_longest_of_the_batch(corpus: ResidentCorpus) -> None:
    first, second, *_ = batches(corpus, 1)
    assert (first.tokens.shape, second.tokens.shape) == ((1, 9), (1, 6))  # with [CLS] and [SEP]
    (whole,) = batches(corpus, 5)
    assert whole.tokens.shape == (5, 9)
    assert whole.token_mask.sum(1).tolist() == [9, 6, 6, 6, 6]


def test_random_order_depends_on_seed_and_epoch_alone(corpus: ResidentCorpus) -> None:
    split = corpus.splits["train"]

    def order(seed: int, epoch: int) -> tuple[float, ...]:
        drawn = split.in_random_order(2, seed=seed, epoch=epoch)
        return tuple(torch.cat([batch.mels.mean((1, 2, 3)) for batch in drawn]).tolist())

    assert order(0, 0) == order(0, 0)
    assert len({order(0, epoch) for epoch in range(6)}) > 2
    assert len({order(seed, 0) for seed in range(6)}) > 2


def test_positive_weights_are_negatives_over_positives(corpus: ResidentCorpus) -> None:
    assert corpus.splits["train"].labels.sum(0).tolist() == [2, 3]
    torch.testing.assert_close(corpus.positive_weights, torch.tensor([3 / 2, 2 / 3]))
