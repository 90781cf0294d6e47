import json
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from models.build import build
from models.configs.le import ClsHead, NoFusion
from models.groups import parameter_groups
from models.weights import hub
from models.weights.errors import WeightsError
from models.weights.find import weights_sha256
from tests.models.checkpoints import with_albert, with_bert, write_albert, write_bert
from tests.models.factories import (
    TASK,
    TINY,
    change,
    initialised,
)


@pytest.fixture
def checkpoint(tmp_path):
    return write_albert(tmp_path)


def albert_state(model):
    return model.branches.text.backbone.model.state_dict()


def drop(folder, prefix):
    """Drop the parameters whose name begins with `prefix`."""
    file = folder / "model.safetensors"
    kept = {name: t for name, t in load_file(file).items() if not name.startswith(prefix)}
    save_file(kept, file, metadata={"format": "pt"})


def test_an_older_torch_checkpoint_loads(checkpoint):
    saved = load_file(checkpoint / "model.safetensors")
    torch.save(saved, checkpoint / "pytorch_model.bin")
    (checkpoint / "model.safetensors").unlink()
    loaded = albert_state(initialised(with_albert(checkpoint)))
    assert all(torch.equal(saved[name], loaded[name]) for name in saved)


def test_a_missing_pooler_is_no_error_and_not_random(checkpoint):
    drop(checkpoint, "pooler.")
    assert not albert_state(initialised(with_albert(checkpoint)))["pooler.weight"].any()


def test_a_missing_layer_is_an_error(checkpoint):
    drop(checkpoint, "embeddings.position")
    with pytest.raises(WeightsError, match=r"lacks embeddings\.position_embeddings\.weight"):
        build(with_albert(checkpoint), TASK)


def test_damaged_file_is_an_error(checkpoint):
    (checkpoint / "model.safetensors").write_bytes(b"no tensors")
    with pytest.raises(WeightsError, match=r"model\.text\.weights .*cannot be loaded"):
        build(with_albert(checkpoint), TASK)


def test_too_few_positions_are_an_error(checkpoint):
    with pytest.raises(WeightsError, match=r"64 positions, fewer than model\.text\.max_tokens 65"):
        build(with_albert(checkpoint, max_tokens=65), TASK)


@pytest.mark.parametrize(
    ("write", "config", "there", "choice"),
    [
        (write_albert, with_albert, "bert", "albert"),
        (write_bert, with_bert, "albert", "bert'.*bert-base-uncased"),
    ],
    ids=["albert", "bert"],
)
def test_another_architecture_is_an_error(write, config, there, choice, tmp_path):
    write(tmp_path)
    (tmp_path / "config.json").write_text(json.dumps({"model_type": there}))
    with pytest.raises(
        WeightsError, match=f"architecture is '{there}'; choose one of type '{choice}"
    ):
        weights_sha256(config(tmp_path))


def test_an_empty_folder_is_an_error(tmp_path):
    with pytest.raises(WeightsError, match=r"the folder has no config\.json"):
        weights_sha256(with_albert(tmp_path))


@pytest.mark.parametrize(
    ("file", "choices"),
    [
        ("model.safetensors", r"no model\.safetensors and no pytorch_model\.bin"),
        ("tokenizer.json", r"no tokenizer\.json and no spiece\.model"),
    ],
)
def test_a_missing_file_is_named_with_its_choices(checkpoint, file, choices):
    (checkpoint / file).unlink()
    with pytest.raises(WeightsError, match=choices):
        weights_sha256(with_albert(checkpoint))


@pytest.mark.parametrize("name", ["/no/such/folder", "./albert", "albert-base-v2"])
def test_weights_that_cannot_be_had_say_how_to_get_them(name, monkeypatch):
    def offline(*_, **__):
        raise ConnectionError("Name or service not known")

    monkeypatch.setattr(hub.HfApi, "model_info", offline)
    monkeypatch.setattr(hub, "try_to_load_from_cache", lambda *_: None)
    advice = r"not a folder here.*hf download albert-base-v2 --local-dir DIR.*--scale tiny"
    with pytest.raises(WeightsError, match=rf"model\.text\.weights '{name}': .*{advice}"):
        build(with_albert(name), TASK)


def test_hub_name_is_read_from_the_local_cache(checkpoint, monkeypatch):
    def cached(name, file):
        path = checkpoint / file
        return str(path) if name == "someone/albert" and path.is_file() else None

    monkeypatch.setattr(hub, "try_to_load_from_cache", cached)
    assert weights_sha256(with_albert("someone/albert")) == weights_sha256(with_albert(checkpoint))


@pytest.mark.parametrize(
    "config",
    [TINY, change(with_albert("absent"), modalities=("audio",), fusion=NoFusion(), head=ClsHead())],
    ids=["random", "no text"],
)
def test_nothing_is_hashed_where_no_checkpoint_is_read(config):
    assert weights_sha256(config) == {}


def test_projection_learns_as_slowly_as_albert_where_the_config_says_so(checkpoint):
    model: Any = initialised(with_albert(checkpoint, projection_rate="pretrained"))
    _, slow = parameter_groups(model, base_lr=5e-4, pretrained_lr=5e-5)
    text = [p for p in model.branches.text.parameters() if p.requires_grad]
    assert {*map(id, slow["params"])} == {*map(id, text)}


def test_a_random_albert_learns_at_the_base_rate():
    (group,) = parameter_groups(initialised(TINY), base_lr=5e-4, pretrained_lr=5e-5)
    assert group["lr"] == 5e-4
