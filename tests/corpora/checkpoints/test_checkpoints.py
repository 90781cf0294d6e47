"""A checkpoint is found, checked, named by its content, and refused with what to do."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import huggingface_hub
import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import Wav2Vec2Config, Wav2Vec2Model

from corpora.checkpoints.errors import CheckpointError
from corpora.checkpoints.files import find_checkpoint
from corpora.checkpoints.load import load_encoder
from corpora.checkpoints.settings import read_picture_settings, read_sound_settings
from corpora.recipes.handcrafted import MODALITIES
from tests.encoder_factory import AUDIO, CHECKPOINTS, SOUND, TEXT, VISION, write_audio


def edit(path: Path, **fields: object) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | fields))


@pytest.mark.parametrize("modality", MODALITIES)
def test_place_of_a_checkpoint_has_no_effect_on_its_digests(modality: str, tmp_path: Path) -> None:
    write = next(iter(CHECKPOINTS[modality].values()))
    first = find_checkpoint(str(write(tmp_path / "here")), modality)
    (tmp_path / "here" / "README.md").write_text("not read")
    there = Path(shutil.copytree(tmp_path / "here", tmp_path / "there"))
    second = find_checkpoint(str(there), modality)
    assert first.folder != second.folder
    assert first.sha256() == second.sha256()
    assert {"config.json", "model.safetensors"} < first.sha256().keys()
    edit(second.files[-1], changed=True)
    assert first.sha256() != second.sha256()


def test_checkpoint_in_several_files_is_hashed_whole(tmp_path: Path) -> None:
    AUDIO["wav2vec2"](tmp_path)
    model = Wav2Vec2Model.from_pretrained(tmp_path)
    (tmp_path / "model.safetensors").unlink()
    model.save_pretrained(tmp_path, max_shard_size="20KB")
    checkpoint = find_checkpoint(str(tmp_path), "audio")
    assert sum(name.endswith(".safetensors") for name in checkpoint.sha256()) > 1
    assert "model.safetensors.index.json" in checkpoint.sha256()
    loaded = load_encoder(checkpoint).state_dict()
    assert all(torch.equal(loaded[name], value) for name, value in model.state_dict().items())


def no_weights(folder: Path) -> None:
    (folder / "model.safetensors").unlink()


def pickled(folder: Path) -> None:
    tensors = load_file(folder / "model.safetensors")
    no_weights(folder)
    torch.save(tensors, folder / "pytorch_model.bin")


def damaged(folder: Path) -> None:
    (folder / "model.safetensors").write_bytes(b"no tensors")


def incomplete(folder: Path) -> None:
    file = folder / "model.safetensors"
    kept = {name: t for name, t in load_file(file).items() if "layers.1.attention" not in name}
    save_file(kept, file, metadata={"format": "pt"})


def without(name: str) -> Callable[[Path], None]:
    return lambda folder: (folder / name).unlink()


def edited(name: str, **fields: object) -> Callable[[Path], None]:
    return lambda folder: edit(folder / name, **fields)


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (without("config.json"), "has no config.json; name a folder that"),
        (edited("config.json", model_type=1), "names no model_type"),
        (edited("config.json", model_type="unheard"), "its config cannot be used"),
        (no_weights, "has no model.safetensors; copy that file too"),
        (pickled, "in pytorch_model.bin, and a pickle can run any code.*save_pretrained"),
        (damaged, "it cannot be loaded"),
        (incomplete, "its weights lack encoder.layers.1.attention"),
        (without("preprocessor_config.json"), "has none of preprocessor_config.json; copy what"),
        (edited("preprocessor_config.json", sampling_rate=8000), "8000 Hz.* recipe has 16000 Hz"),
        (edited("preprocessor_config.json", feature_size=80), "80 features a step, not the wave"),
        (edited("preprocessor_config.json", sampling_rate="x"), "is not that of an encoder of aud"),
    ],
    ids=[
        *("no config", "config", "unknown", "no weights", "pickle", "damaged", "incomplete"),
        *("no settings", "rate", "spectrogram", "settings"),
    ],
)
def test_checkpoint_that_cannot_be_used_says_what_to_do(
    harm: Callable[[Path], None], message: str, tmp_path: Path
) -> None:
    harm(AUDIO["wav2vec2"](tmp_path))
    with pytest.raises(CheckpointError, match=f"encoder of audio, '{tmp_path}': .*{message}"):
        use(str(tmp_path))


def use(place: str) -> None:
    checkpoint = find_checkpoint(place, "audio")
    read_sound_settings(checkpoint, rate_hz=16_000)
    load_encoder(checkpoint)


def test_parameters_that_no_state_depends_on_may_be_missing(tmp_path: Path) -> None:
    file = AUDIO["hubert"](tmp_path) / "model.safetensors"
    kept = {name: t for name, t in load_file(file).items() if name != "masked_spec_embed"}
    save_file(kept, file, metadata={"format": "pt"})
    load_encoder(find_checkpoint(str(tmp_path), "audio"))


@pytest.mark.parametrize(
    ("write", "modality", "message"),
    [
        (AUDIO["wavlm"], "vision", "'wavlm' is no encoder of vision; name one, such as a CLIP"),
        (VISION["clip"], "audio", "'clip' is no encoder of audio"),
        (VISION["dinov2"], "audio", "'dinov2' is no encoder of audio"),
    ],
    ids=["audio for vision", "both for audio", "vision for audio"],
)
def test_encoder_of_another_modality_is_refused(
    write: Callable[[Path], Path], modality: str, message: str, tmp_path: Path
) -> None:
    checkpoint = find_checkpoint(str(write(tmp_path)), modality)
    with pytest.raises(CheckpointError, match=message):
        load_encoder(checkpoint)


@pytest.mark.parametrize("write", [VISION["clip"], AUDIO["hubert"]], ids=["clip", "hubert"])
def test_encoder_without_a_tokenizer_is_refused_for_text(
    write: Callable[[Path], Path], tmp_path: Path
) -> None:
    write(tmp_path)
    with pytest.raises(CheckpointError, match=r"has none of tokenizer\.json, "):
        find_checkpoint(str(tmp_path), "text")
    TEXT["roberta"](tmp_path / "text")
    shutil.copy(tmp_path / "text" / "tokenizer.json", tmp_path)
    with pytest.raises(CheckpointError, match="is no encoder of text; name one, such as a RoB"):
        load_encoder(find_checkpoint(str(tmp_path), "text"))


@pytest.mark.parametrize(
    ("fields", "side_px"),
    [
        ({"crop_size": 24, "size": 28}, 24),
        ({"crop_size": {"height": 24, "width": 24}}, 24),
        ({"crop_size": None, "size": {"height": 20, "width": 20}}, 20),
        ({"crop_size": None, "size": {"shortest_edge": 28}}, 28),
    ],
)
def test_side_of_pictures_is_read_in_every_form(
    fields: dict[str, object], side_px: int, tmp_path: Path
) -> None:
    edit(VISION["dinov2"](tmp_path) / "preprocessor_config.json", **fields)
    _, found = read_picture_settings(find_checkpoint(str(tmp_path), "vision"))
    assert found == side_px


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, (1 / 255 - 0.3) / 0.3),
        ({"do_rescale": False}, (1 - 0.3) / 0.3),
        ({"do_normalize": False}, 1 / 255),
        ({"rescale_factor": 2 / 255}, (2 / 255 - 0.3) / 0.3),
    ],
)
def test_pixel_is_scaled_as_the_file_says(
    fields: dict[str, object], expected: float, tmp_path: Path
) -> None:
    edit(VISION["dinov2"](tmp_path) / "preprocessor_config.json", **fields)
    settings, _ = read_picture_settings(find_checkpoint(str(tmp_path), "vision"))
    scale, shift = settings.scale_and_shift()
    assert float((1 * scale + shift)[2]) == pytest.approx(expected)  # of a blue pixel of 1


def test_pictures_that_are_no_squares_are_refused(tmp_path: Path) -> None:
    sides = {"height": 20, "width": 24}
    edit(VISION["dinov2"](tmp_path) / "preprocessor_config.json", crop_size=sides)
    with pytest.raises(CheckpointError, match="states no square picture"):
        read_picture_settings(find_checkpoint(str(tmp_path), "vision"))


@pytest.mark.parametrize("name", ["/no/such/folder", "./wav2vec2", "someone/wav2vec2"])
def test_name_that_cannot_be_reached_says_how_to_get_it(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def offline(*_: object, **__: object) -> None:
        raise ConnectionError("Name or service not known")

    monkeypatch.setattr(huggingface_hub.HfApi, "model_info", offline)
    advice = "no folder here, not in the hub's local cache.*hf download .* --local-dir DIR"
    with pytest.raises(CheckpointError, match=f"encoder of audio, '{name}': .*{advice}"):
        find_checkpoint(name, "audio")


def test_hub_name_is_read_from_the_local_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    AUDIO["wav2vec2"](tmp_path)

    def cached(name: str, **options: Any) -> str:
        assert (name, options) == ("someone/wav2vec2", {"local_files_only": True})
        return str(tmp_path)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", cached)
    found = find_checkpoint("someone/wav2vec2", "audio")
    assert (found.folder, found.place) == (tmp_path, "someone/wav2vec2")


def test_rate_of_the_sound_is_that_of_the_checkpoint(tmp_path: Path) -> None:
    write_audio(tmp_path, Wav2Vec2Model, Wav2Vec2Config(**SOUND), rate_hz=8_000)
    checkpoint = find_checkpoint(str(tmp_path), "audio")
    assert read_sound_settings(checkpoint, rate_hz=8_000).do_normalize
