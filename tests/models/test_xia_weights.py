"""Checkpoints of VGGish and ResNet18: where they are looked for, and what is wrong with them."""

from argparse import Namespace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torchvision.models import ResNet18_Weights

from models.builders.conv import build_conv_encoder
from models.configs.conv import ResnetConfig
from models.configs.xia import Independent
from models.weights.conv_files import RESNET18, cache_folder
from models.weights.errors import WeightsError
from models.weights.find import weights_sha256
from models.weights.tensor_file import UnusableFileError, give_tensors, read_tensors
from tests.models.checkpoints import BASE_CHANNELS, draw_resnet, with_conv
from tests.models.test_vggish import published
from tests.models.xia_factory import AUDIO, SER, change, initialised_xia


def small(weights):
    """Config of a ResNet18 that checkpoints of tests fit."""
    return ResnetConfig(weights=str(weights), base_channels=BASE_CHANNELS, frozen=())


@pytest.fixture
def resnet_file(tmp_path):
    torch.save(draw_resnet(), tmp_path / "resnet18.pth")
    return tmp_path / "resnet18.pth"


@pytest.fixture
def vggish_file(tmp_path):
    torch.save(published(), tmp_path / "vggish.pth")
    return tmp_path / "vggish.pth"


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """The folder of downloads, on a machine without a network."""

    def offline(*_, **__):
        raise OSError("Name or service not known")

    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr(torch.hub, "download_url_to_file", offline)
    folder = tmp_path / "hub" / "checkpoints"
    folder.mkdir(parents=True)
    return folder


def resnet_state(weights):
    """Load a checkpoint, and return the encoder's first and last values."""
    encoder, _ = build_conv_encoder(small(weights), frozen=(), enhance={})
    groups: Any = encoder.groups
    return groups["conv1"].convs[0].weight, groups["conv5"].convs[1].bn2.running_var


def assert_loaded(weights):
    expected, loaded = draw_resnet(), resnet_state(weights)
    assert torch.equal(loaded[0], expected["conv1.weight"])
    assert torch.equal(loaded[1], expected["layer4.1.bn2.running_var"])


def test_a_file_in_torchvisions_layout_loads(resnet_file):
    assert_loaded(resnet_file)


@pytest.mark.parametrize("wrapper", ["state_dict", "model_state_dict", "model", "net"])
@pytest.mark.parametrize("prefix", ["module.", "backbone.", "encoder.", "module.model."])
def test_wrappers_and_prefixes_are_taken_off(wrapper, prefix, tmp_path):
    state = {prefix + name: tensor for name, tensor in draw_resnet().items()}
    torch.save({wrapper: state, "epoch": 3}, tmp_path / "wrapped.pth")
    assert_loaded(tmp_path / "wrapped.pth")


def test_a_safetensors_file_loads(tmp_path):
    save_file(draw_resnet(), tmp_path / "resnet18.safetensors")
    assert_loaded(tmp_path / "resnet18.safetensors")


def test_an_old_file_without_step_counts_loads(tmp_path):
    state = {name: t for name, t in draw_resnet().items() if "num_batches" not in name}
    torch.save(state, tmp_path / "old.pth")
    assert_loaded(tmp_path / "old.pth")


def build_error(state, tmp_path):
    """Return the error that a checkpoint gives, on one line."""
    torch.save(state, tmp_path / "other.pth")
    with pytest.raises(WeightsError) as error:
        resnet_state(tmp_path / "other.pth")
    return str(error.value)


def test_missing_tensors_are_named(tmp_path):
    state = draw_resnet()
    del state["layer3.0.conv1.weight"]
    error = build_error(state, tmp_path)
    assert error.startswith("model.vision.weights '")
    assert "the file lacks layer3.0.conv1.weight; it begins with conv1.weight, bn1.w" in error


def test_tensors_of_other_shapes_are_named(tmp_path):
    state = {**draw_resnet(), "conv1.weight": torch.zeros(64, 3, 7, 7)}
    error = build_error(state, tmp_path)
    assert "the file has conv1.weight of (64, 3, 7, 7), not (2, 3, 7, 7)" in error


def test_a_deeper_network_is_an_error(tmp_path):
    state = {**draw_resnet(), "layer1.2.conv1.weight": torch.zeros(2, 2, 3, 3)}
    assert "of another network: it also has layer1.2.conv1.weight" in build_error(state, tmp_path)


def test_a_file_without_tensors_is_an_error(tmp_path):
    assert "holds no named tensors" in build_error({"epoch": 3}, tmp_path)
    assert "holds no named tensors" in build_error([1, 2], tmp_path)


def test_two_tensors_of_one_name_are_an_error(tmp_path):
    state = {"model.conv1.weight": torch.zeros(1), "encoder.conv1.weight": torch.zeros(1)}
    error = build_error(state, tmp_path)
    assert "two tensors that are 'conv1.weight' without prefixes" in error


def test_objects_in_a_file_are_never_loaded(tmp_path):
    error = build_error({"state_dict": draw_resnet(), "args": Namespace(lr=1.0)}, tmp_path)
    assert "cannot be read: " in error
    assert "save the state_dict of the model alone" in error


@pytest.mark.parametrize("name", ["damaged.pth", "damaged.safetensors"])
def test_a_damaged_file_is_an_error(name, tmp_path):
    (tmp_path / name).write_bytes(b"no tensors")
    with pytest.raises(UnusableFileError, match=rf"{name} cannot be read"):
        read_tensors(tmp_path / name)


def test_nothing_is_given_of_an_unusable_file():
    linear = torch.nn.Linear(2, 2)
    before = linear.weight.clone()
    tensors = {"part.weight": torch.zeros(2, 2), "part.bias": torch.zeros(3)}
    with pytest.raises(UnusableFileError, match=r"part\.bias of \(3,\), not \(2,\)"):
        give_tensors(tensors, {"part": linear})
    assert torch.equal(linear.weight, before)


@pytest.mark.parametrize("name", ["imagenet", "/no/such/file.pth"])
def test_weights_that_cannot_be_had_say_how_to_get_them(name, cache):
    advice = rf"download https://download\.pytorch\.org/\S+ and put it at {cache}/resnet18\S+ here"
    choice = r"model\.vision\.weights to the path of .* AffectNet; .* 'random' .*--scale tiny"
    with pytest.raises(
        WeightsError, match=rf"model\.vision\.weights '{name}': .*{advice}.*{choice}"
    ):
        resnet_state(name)


def test_vggish_says_where_to_get_it(cache):
    wanted = (
        r"model\.audio\.weights 'vggish': it is not at .*, and the download failed: Name or service"
    )
    with pytest.raises(WeightsError, match=rf"{wanted}.*vggish-10086976\.pth.*frozen \[\]"):
        weights_sha256(change(SER, audio=AUDIO.model_copy(update={"weights": "vggish"})))


def test_a_published_file_is_read_from_the_cache(cache):
    file = cache / "resnet18-f37072fd.pth"
    torch.save(draw_resnet(), file)
    assert_loaded("imagenet")


def test_a_published_file_is_downloaded_once(cache, monkeypatch):
    urls = []

    def download(url, path, **_):
        urls.append(url)
        torch.save(draw_resnet(), path)

    monkeypatch.setattr(torch.hub, "download_url_to_file", download)
    assert_loaded("imagenet")
    assert_loaded("imagenet")
    assert urls == [RESNET18.published["imagenet"]]


def test_an_encoder_that_is_not_built_is_not_hashed(resnet_file):
    config = with_conv(resnet_file, "/no/such/file.pth")
    config = change(config, modalities=("text", "vision"), cross=Independent())
    assert [*weights_sha256(config)] == ["vision/resnet18.pth"]


def test_frozen_parameters_are_those_of_the_frozen_groups(resnet_file, vggish_file):
    model = initialised_xia(with_conv(resnet_file, vggish_file))
    frozen = {name for name, p in model.named_parameters() if not p.requires_grad}
    expected = {
        f"branches.{modality}.backbone.groups.{group}.convs."
        for modality, groups in (("audio", "12"), ("vision", "123"))
        for group in (f"conv{number}" for number in groups)
    }
    prefixes = {name[: name.index(".convs.") + 7] for name in frozen if ".convs." in name}
    assert prefixes == expected
    assert all(".convs." in name or ".pooler." in name for name in frozen)


def test_published_resnet_is_torchvisions():
    assert RESNET18.published == {"imagenet": ResNet18_Weights.IMAGENET1K_V1.url}


@pytest.mark.parametrize("home", ["TORCH_HOME", "XDG_CACHE_HOME", None])
def test_files_are_kept_where_torch_hub_keeps_them(home, tmp_path, monkeypatch):
    for name in ("TORCH_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    if home is not None:
        monkeypatch.setenv(home, str(tmp_path))
    assert cache_folder() == Path(torch.hub.get_dir()) / "checkpoints"
