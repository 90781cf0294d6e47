"""What a predictor needs: a kept model, word vectors, clips."""

from collections.abc import Callable
from pathlib import Path

import pytest

from corpora.recipes.handcrafted import HandcraftedRecipe, PublishedFeatures
from corpora.source.errors import CorpusError
from models.configs.base import MODALITIES
from orchestrator.errors import KeptModelError
from orchestrator.kept_models.clips.load_predictor import load_predictor
from orchestrator.kept_models.clips.spoken import SpokenClip, clips_in
from reports.ledger.ledger import Ledger
from reports.ledger.record import Record
from tests.corpora.media_factory import (
    write_sound,
)
from tests.orchestrator.kept_models.predictors import CPU, loaded, with_recipe


def test_trial_without_a_model_or_a_recipe_is_refused(
    record: Record, storage: Path, tmp_path: Path
) -> None:
    with pytest.raises(KeptModelError, match=f"trial '{record.key}' has no model in"):
        load_predictor(record, Ledger(tmp_path), device=CPU)
    with pytest.raises(KeptModelError, match="is old: it holds no recipe"):
        loaded(with_recipe(record, None), storage)


def test_published_features_cannot_be_made_from_a_video(
    storage: Path, trained: Callable[[str], Record]
) -> None:
    published = with_recipe(trained("emoembs"), PublishedFeatures(sha256="0" * 64))
    with pytest.raises(CorpusError, match="published hand-crafted features, which cannot be made"):
        loaded(published, storage)


def test_word_vectors_must_be_those_of_the_trial(
    record: Record, storage: Path, trained: Callable[[str], Record], tmp_path: Path
) -> None:
    ledger, own = Ledger(storage), trained("emoembs")
    with pytest.raises(CorpusError, match="recipe 'le', reads no word vectors and no states of"):
        load_predictor(record, ledger, device=CPU, words="random")
    with pytest.raises(CorpusError, match="'random', but --words is 'glove:x'; choose random"):
        load_predictor(own, ledger, device=CPU, words="glove:x")
    assert load_predictor(own, ledger, device=CPU, words="random").weighed == MODALITIES
    recipe = HandcraftedRecipe(words="glove", word_vectors_sha256="0" * 64)
    glove = with_recipe(own, recipe)
    with pytest.raises(CorpusError, match="words 'glove', but --words is None; choose glove:FILE"):
        load_predictor(glove, ledger, device=CPU)
    file = tmp_path / "vectors.txt"
    file.write_text("well " + " ".join(["0.5"] * 12) + "\n")
    with pytest.raises(
        CorpusError, match=r"have SHA-256 .*, the recipe 'handcrafted' asks for 000"
    ):
        load_predictor(glove, ledger, device=CPU, words=f"glove:{file}", texts=["well"])


def test_file_that_is_no_clip_is_told(record: Record, storage: Path, tmp_path: Path) -> None:
    predictor = loaded(record, storage)
    sound = write_sound(tmp_path / "sound.mp4.wav")
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"no video")
    for path, reason in ((sound, "no_video: the file has no"), (broken, "unreadable: ")):
        with pytest.raises(CorpusError, match=f"clip '{path}' cannot be used: {reason}"):
            predictor.predict(SpokenClip(path))


def test_videos_of_a_folder_are_those_by_name(tmp_path: Path) -> None:
    for name in ("b.MP4", "a.webm", "._b.mp4", "notes.txt", "sub.mkv/x.mp4"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "circle.mp4").symlink_to("circle.mp4")
    (tmp_path / "a.srt").touch()
    videos, others = clips_in(tmp_path)
    assert [path.name for path in videos] == ["a.webm", "b.MP4"]
    assert [path.name for path in others] == ["circle.mp4", "notes.txt"]
    (tmp_path / "none").mkdir()
    with pytest.raises(CorpusError, match=r"holds no video file: none ends in .mp4, .m4v, .mov"):
        clips_in(tmp_path / "none")


@pytest.mark.parametrize("suffix", [".3gp", ".mpg", ".ts", ".wmv", ".flv"])
def test_videos_of_phones_and_cameras_are_taken(tmp_path: Path, suffix: str) -> None:
    (tmp_path / f"a{suffix}").touch()
    assert clips_in(tmp_path) == ([tmp_path / f"a{suffix}"], [])


def test_files_that_a_model_without_vision_reads_are_taken(tmp_path: Path) -> None:
    for name in ("a.mp4", "b.WAV", "c.txt"):
        (tmp_path / name).touch()
    found, others = clips_in(tmp_path, ("text", "audio"))
    assert [path.name for path in found] == ["a.mp4", "b.WAV"]
    assert [path.name for path in others] == ["c.txt"]
    found, _ = clips_in(tmp_path, {"text"})
    assert [path.name for path in found] == ["a.mp4", "b.WAV", "c.txt"]
