import pytest
from pydantic import ValidationError

from models.configs.conv import ResnetConfig, VggishConfig
from models.configs.xia import (
    Bottleneck,
    Independent,
    Joint,
    NagraniBottleneck,
    XiaAudioConfig,
    XiaConfig,
    XiaVisionConfig,
)
from tests.models.xia_factory import XIA_ROWS


@pytest.mark.parametrize("config", XIA_ROWS.values(), ids=XIA_ROWS.keys())
def test_config_survives_json(config):
    assert type(config).model_validate_json(config.model_dump_json()) == config


@pytest.mark.parametrize("field", ["sem_after", "frozen"])
def test_a_group_must_exist(field):
    choices = "conv1, conv2, conv3, conv4"
    with pytest.raises(
        ValidationError, match=f"{field} has no group 'conv5'; choose from {choices}"
    ):
        XiaAudioConfig(**{field: ("conv5",)})


def test_a_group_stands_once():
    with pytest.raises(ValidationError, match="sem_after names a group twice"):
        XiaVisionConfig(sem_after=("conv5", "conv5"))


def test_groups_come_in_the_order_of_the_encoder():
    assert XiaVisionConfig(sem_after=("conv5", "conv3")) == XiaVisionConfig()


def test_random_groups_are_not_frozen():
    with pytest.raises(ValidationError, match=r"frozen conv1, conv2 would .* weights 'vggish'"):
        VggishConfig(weights="random")


def test_a_checkpoint_decides_how_many_layers_there_are():
    with pytest.raises(ValidationError, match=r"convs_per_group must be \(1, 1, 2, 2\), as in "):
        VggishConfig(convs_per_group=(1, 1, 1, 1))
    with pytest.raises(ValidationError, match=r"blocks_per_group must be .* or weights 'random'"):
        ResnetConfig(blocks_per_group=(1, 1, 1, 1))


def test_pool_must_leave_vggish_enough():
    with pytest.raises(ValidationError, match=r"pool 4 .* multiple of 16 of 96; .* 1, 2, 3, 6"):
        VggishConfig(pool=(4, 1))


def test_pool_must_leave_resnet_enough():
    with pytest.raises(ValidationError, match=r"pool 7 .* face_px 224 into more .* from 1, 2, 4"):
        ResnetConfig(pool=(1, 7))


@pytest.mark.parametrize("cross", [Bottleneck(), Joint(), NagraniBottleneck()])
def test_an_exchange_needs_both_modalities(cross):
    match = rf"cross.kind '{cross.kind}' .* modalities are text, audio; .* from none, independent"
    with pytest.raises(ValidationError, match=match):
        XiaConfig(modalities=("text", "audio"), cross=cross)


def test_one_nagrani_layer_would_exchange_nothing():
    with pytest.raises(ValidationError, match="greater than or equal to 2"):
        NagraniBottleneck(depth=1)


def test_positions_in_layers_need_layers_that_take_them():
    with pytest.raises(ValidationError, match=r"'queries_and_keys' do not go with .* 'joint'"):
        XiaConfig(positions="queries_and_keys", cross=Joint())


def test_width_must_split_into_heads():
    with pytest.raises(ValidationError, match=r"layer.num_heads 8 does not divide width 63"):
        XiaConfig(width=63)


def test_positions_need_an_even_width():
    layer = {"num_heads": 1}
    with pytest.raises(ValidationError, match=r"width 63 is odd: .* or positions 'none'"):
        XiaConfig(width=63, layer=layer)
    assert XiaConfig(width=63, layer=layer, positions="none").width == 63


@pytest.mark.parametrize(
    ("fields", "encoders"),
    [
        ({}, ["text", "audio", "vision"]),
        ({"modalities": ("audio", "vision")}, ["text", "audio", "vision"]),
        ({"modalities": ("audio",)}, ["text", "audio"]),
        ({"modalities": ("audio",), "audio": XiaAudioConfig(sem_after=())}, ["audio"]),
        ({"modalities": ("text",)}, ["text"]),
    ],
    ids=["full", "no textual decision", "ser with sem", "ser", "text"],
)
def test_encoders_are_those_that_are_read(fields, encoders):
    assert [*XiaConfig(cross=Independent(), **fields).encoders] == encoders
