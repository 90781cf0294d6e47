import pytest
import torch

from corpora.batches.batch import Batch, HandcraftedBatch
from corpora.recipes.handcrafted import HandcraftedRecipe
from corpora.recipes.pictures import DAI, LE, XIA, Recipe
from corpora.store.manifest import Manifest
from models.build import build
from models.configs.base import RANDOM_WEIGHTS
from models.configs.text import BertConfig, BertSizes
from models.configs.xia import XiaAudioConfig, XiaConfig, XiaVisionConfig
from models.macs import count_macs
from models.task import Task
from orchestrator.training.reference_clip import NUM_TOKENS, reference_clip
from tests.corpora.manifest_factory import make_manifest

CPU = torch.device("cpu")


@pytest.mark.parametrize(
    ("recipe", "num_faces", "num_chunks"), [(DAI, 10, 13), (LE, 5, 13), (XIA, 5, 5)], ids=str
)
def test_clip_has_the_frames_and_chunks_that_the_recipe_gives_4_8_s(
    recipe: Recipe, num_faces: int, num_chunks: int
) -> None:
    clip = reference_clip(with_recipe(recipe), CPU)
    assert isinstance(clip, Batch)
    assert clip.token_mask.sum() == NUM_TOKENS
    assert clip.faces.shape == (num_faces, 3, recipe.face_px, recipe.face_px)
    assert clip.mels.shape == (num_chunks, 1, *recipe.spectrogram.chunk_shape)
    assert (clip.num_faces, clip.num_chunks) == ((num_faces,), (num_chunks,))


def test_clip_of_features_has_the_corpus_rows_a_second() -> None:
    manifest = with_recipe(HandcraftedRecipe(words="random"))
    counts = manifest.splits["train"]
    clip = reference_clip(manifest, CPU)
    assert isinstance(clip, HandcraftedBatch)
    assert clip.text.shape == (NUM_TOKENS, manifest.widths["text"])
    assert clip.num_audio == (max(1, round(4.8 * counts.num_chunks / counts.seconds)),)
    assert clip.vision.shape[1] == manifest.widths["vision"]


def test_clip_of_features_without_times_has_the_rows_of_a_mean_utterance() -> None:
    manifest = with_recipe(HandcraftedRecipe(words="random"))
    counts = {
        split: each.model_copy(update={"seconds": 0.0}) for split, each in manifest.splits.items()
    }
    clip = reference_clip(manifest.model_copy(update={"splits": counts}), CPU)
    assert isinstance(clip, HandcraftedBatch)
    assert (clip.num_audio, clip.num_vision) == ((8,), (3,))


@pytest.mark.slow
def test_cost_of_the_full_model_of_xia_et_al_is_the_one_summed_by_hand() -> None:
    config = XiaConfig(
        text=BertConfig(weights=RANDOM_WEIGHTS, sizes=BertSizes()),
        audio=XiaAudioConfig(weights=RANDOM_WEIGHTS, frozen=()),
        vision=XiaVisionConfig(weights=RANDOM_WEIGHTS, frozen=()),
    )
    model = build(config, Task(emotions=tuple("abcdef")))
    macs = count_macs(model, reference_clip(with_recipe(XIA), CPU))
    assert macs == pytest.approx(16.52e9, rel=2e-3)


def with_recipe(recipe: Recipe | HandcraftedRecipe) -> Manifest:
    widths = {"text": 300, "audio": 40, "vision": 20}
    return make_manifest().model_copy(update={"recipe": recipe, "widths": widths})
