from dataclasses import fields

import pytest
import torch

from corpora.batches import corpus as batching
from corpora.batches.batch import Batch
from corpora.batches.corpus import Corpus, load_corpus, positive_weights
from corpora.batches.ragged import MappedColumn
from corpora.preparation.prepare import prepare
from corpora.readers.clip_folder import read_clips
from corpora.recipes.pictures import LE, XIA
from corpora.store.folders import recipe_folder
from corpora.store.prepared import read_manifest
from corpora.text.tokens import TokenSettings
from tests.corpora.media_factory import clip_lines, write_clip_folder
from tests.cuda_driver import pretended_gpus

TOKENS = TokenSettings(weights=None, vocabulary=100, max_tokens=50)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    storage = tmp_path_factory.mktemp("storage")
    lines = clip_lines(per_split=5)
    for index, line in enumerate(lines):
        line |= {"end": 0.8 + 0.3 * (index % 4), "start": 0}  # one or two faces, 3 to 5 chunks
    lines[0] |= {"text": "one two three four five six seven", "sad": 1}
    source = read_clips(write_clip_folder(storage / "clips", lines))
    manifest = prepare(source, [LE], name="mine", storage=storage)["le"]
    assert manifest == read_manifest(storage, "mine", "le")
    return load_corpus(recipe_folder(storage, "mine", "le"), manifest, TOKENS, torch.device("cpu"))


def batches(corpus: Corpus, batch_size: int) -> list[Batch]:
    return list(corpus.splits["train"].in_order(batch_size))


def test_packed_batch_equals_its_utterances_one_by_one(corpus: Corpus) -> None:
    (whole,) = batches(corpus, 5)
    single = batches(corpus, 1)
    assert torch.equal(whole.faces, torch.cat([batch.faces for batch in single]))
    assert torch.equal(whole.mels, torch.cat([batch.mels for batch in single]))
    assert list(whole.num_faces) == [len(batch.faces) for batch in single] == [1, 2, 2, 2, 1]
    assert list(whole.num_chunks) == [len(batch.mels) for batch in single]
    assert torch.equal(whole.labels, torch.cat([batch.labels for batch in single]))


def test_faces_are_normalised_by_the_recipe(corpus: Corpus) -> None:
    first = batches(corpus, 1)[0].faces[0]  # the clip's first frame is black
    expected = -torch.tensor(LE.face_mean) / torch.tensor(LE.face_std)
    torch.testing.assert_close(first.mean((1, 2)), expected, atol=0.1, rtol=0)


def test_tokens_are_padded_to_the_longest_of_the_batch(corpus: Corpus) -> None:
    first, second, *_ = batches(corpus, 1)
    assert (first.tokens.shape, second.tokens.shape) == ((1, 9), (1, 6))  # with [CLS] and [SEP]
    (whole,) = batches(corpus, 5)
    assert whole.tokens.shape == (5, 9)
    assert whole.token_mask.sum(1).tolist() == [9, 6, 6, 6, 6]


def test_random_order_depends_on_seed_and_epoch_alone(corpus: Corpus) -> None:
    split = corpus.splits["train"]

    def order(seed: int, epoch: int) -> tuple[float, ...]:
        drawn = split.in_random_order(2, seed=seed, epoch=epoch)
        return tuple(torch.cat([batch.mels.mean((1, 2, 3)) for batch in drawn]).tolist())

    assert order(0, 0) == order(0, 0)
    assert len({order(0, epoch) for epoch in range(6)}) > 2
    assert len({order(seed, 0) for seed in range(6)}) > 2


def test_given_order_yields_the_utterances_that_it_names(corpus: Corpus) -> None:
    train = corpus.splits["train"]
    assert torch.equal(train.lengths["faces"], torch.tensor([1, 2, 2, 2, 1]))
    assert train.lengths["tokens"].tolist() == batches(corpus, 5)[0].token_mask.sum(1).tolist()
    order = torch.tensor([3, 0, 3])
    first, second = train.in_given_order(order, 2)
    assert first.num_faces == (2, 1)
    assert torch.equal(second.labels, train.labels[3:4])


def test_positive_weights_are_negatives_over_positives(corpus: Corpus) -> None:
    assert corpus.splits["train"].labels.sum(0).tolist() == [2, 3]
    torch.testing.assert_close(corpus.positive_weights, torch.tensor([3 / 2, 2 / 3]))


def test_corpus_in_device_memory_gives_the_batches_that_its_files_give(corpus: Corpus) -> None:
    split = corpus.splits["train"]
    from_files = list(split.in_random_order(2, seed=3, epoch=1))
    split.move_to_device()
    for resident, mapped in zip(split.in_random_order(2, seed=3, epoch=1), from_files, strict=True):
        for field in fields(Batch):
            ours, theirs = getattr(resident, field.name), getattr(mapped, field.name)
            assert torch.equal(torch.as_tensor(ours), torch.as_tensor(theirs))


@pytest.fixture(scope="module")
def windows(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    """Prepare by a recipe with three candidates a window, stored as JPEG."""
    storage = tmp_path_factory.mktemp("windows")
    lines = [line | {"start": 0, "end": 1.9} for line in clip_lines()]
    source = read_clips(write_clip_folder(storage / "clips", lines))
    recipe = XIA.model_copy(update={"face_px": 32, "face_mean": (0, 0, 0), "face_std": (1, 1, 1)})
    manifest = prepare(source, [recipe], name="mine", storage=storage)["xia"]
    folder = recipe_folder(storage, "mine", "xia")
    return load_corpus(folder, manifest, TOKENS, torch.device("cpu"))


def moments(batch: Batch) -> list[int]:
    """Tell frames by their brightness: the clip gets brighter by 10 levels ten times a second."""
    return [round(float(face.mean()) / 10) for face in batch.faces]


def test_evaluation_takes_the_middle_frame_of_each_window(windows: Corpus) -> None:
    batch = next(windows.splits["test"].in_order(1))
    assert moments(batch) == [4, 14]  # at 0.48 s, and at 0.96 s + 0.47 s
    assert batch.num_faces == batch.num_chunks == (2,)
    assert batch.mels.shape == (2, 1, 96, 64)


def test_training_draws_a_frame_anew_every_epoch(windows: Corpus) -> None:
    split = windows.splits["train"]

    def drawn(seed: int, epoch: int) -> list[int]:
        return [m for b in split.in_random_order(2, seed=seed, epoch=epoch) for m in moments(b)]

    seen = {tuple(drawn(0, epoch)) for epoch in range(4)}
    assert len(seen) == 4
    assert {moment for draw in seen for moment in draw} == {1, 4, 8, 11, 14, 17}
    assert drawn(0, 0) == drawn(0, 0)
    assert drawn(0, 0) != drawn(1, 0)


@pytest.mark.parametrize(
    ("positives", "num_utterances", "weights"),
    [
        (
            [757, 736, 1_298, 398, 1_214, 759],
            5_162,
            [5.8190, 6.0136, 2.9769, 11.9698, 3.2521, 5.8011],
        ),
        (
            [3_267, 2_738, 1_263, 7_587, 4_026, 1_465],
            14_524,
            [3.4457, 4.3046, 10.4996, 0.9143, 2.6076, 8.9140],
        ),
    ],
    ids=["iemocap", "mosei"],
)
def test_positive_weights_of_the_published_training_splits(
    positives: list[int], num_utterances: int, weights: list[float]
) -> None:
    labels = torch.zeros(num_utterances, len(positives))
    for emotion, count in enumerate(positives):
        labels[:count, emotion] = 1
    torch.testing.assert_close(positive_weights(labels), torch.tensor(weights), atol=5e-5, rtol=0)


def test_pictures_that_stay_in_their_files_do_not_keep_the_rest_there(
    windows: Corpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The spectrograms are moved; faces stored as JPEG are not."""
    moved: list[object] = []
    monkeypatch.setattr(batching.CorpusSplit, "move_to_device", lambda split: moved.append(split))
    mels_bytes = sum(table_bytes(split, "mels") for split in windows.splits.values())
    total_mib = 1.01 * mels_bytes / batching.MAX_SHARE_OF_MEMORY / 2**20
    with pretended_gpus(total_mib=total_mib):
        batching._moved_if_it_fits(windows, torch.device("cuda", 0))
    assert len(moved) == len(windows.splits)


def table_bytes(split: batching.CorpusSplit, name: str) -> int:
    column = split.columns[name]
    assert isinstance(column, MappedColumn)
    return column.num_bytes


@pytest.mark.parametrize(("free_share", "fraction"), [(1.0, 1.0), (0.05, 1.0), (0.05, 0.05)])
@pytest.mark.parametrize(("room", "is_moved"), [(0.99, False), (1.01, True)])
def test_corpus_is_moved_by_all_memory_of_a_gpu_not_by_what_is_free_or_allowed(
    corpus: Corpus,
    monkeypatch: pytest.MonkeyPatch,
    free_share: float,
    fraction: float,
    room: float,
    is_moved: bool,
) -> None:
    """Else a trial beside others would do otherwise than its probe, which was alone."""
    moved: list[object] = []
    monkeypatch.setattr(batching.CorpusSplit, "move_to_device", lambda split: moved.append(split))
    num_bytes = sum(split.num_bytes for split in corpus.splits.values())
    total_mib = room * num_bytes / batching.MAX_SHARE_OF_MEMORY / 2**20
    with pretended_gpus(total_mib=total_mib, free_mib=[free_share * total_mib]):
        gpu = torch.device("cuda", 0)
        torch.cuda.set_per_process_memory_fraction(fraction, gpu)
        batching._moved_if_it_fits(corpus, gpu)
    assert len(moved) == (len(corpus.splits) if is_moved else 0)
