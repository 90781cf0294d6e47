import pytest
from pydantic import ValidationError

from models.configs.le import (
    AudioConfig,
    ClsHead,
    EarlyFusion,
    EmotionDecoder,
    GatedFusion,
    LayerConfig,
    LeConfig,
    LeTextConfig,
    NoFusion,
    VisionConfig,
)
from models.configs.text import AlbertConfig, AlbertSizes


@pytest.mark.parametrize("fusion", [EarlyFusion(), GatedFusion()], ids=lambda f: f.kind)
def test_decoder_needs_the_transformer_fusion(fusion):
    with pytest.raises(
        ValidationError, match=r"head\.kind 'emotion_decoder' .* or head.kind 'cls'"
    ):
        LeConfig(fusion=fusion, head=EmotionDecoder())


def test_no_fusion_takes_one_modality():
    with pytest.raises(ValidationError, match=r"'none' takes one modality, not text, audio, vis"):
        LeConfig(fusion=NoFusion(), head=ClsHead())


def test_modalities_come_in_our_order():
    assert LeConfig(modalities=("vision", "text")).modalities == ("text", "vision")


@pytest.mark.parametrize(
    ("modalities", "match"),
    [(("text", "text"), "is named twice"), ((), "at least 1"), (("touch",), "'vision'")],
)
def test_modalities_must_be_some_of_ours_once_each(modalities, match):
    with pytest.raises(ValidationError, match=match):
        LeConfig(modalities=modalities)


def test_width_must_split_into_heads():
    with pytest.raises(ValidationError, match=r"num_heads 3 .* width 256; choose from 1, 2, 4, 8"):
        LeConfig(layer=LayerConfig(num_heads=3))


def test_albert_hidden_must_split_into_heads():
    with pytest.raises(ValidationError, match=r"num_heads 4 .* hidden 6; choose from 1, 2, 3, 6"):
        AlbertSizes(hidden=6, num_heads=4)


def test_random_albert_needs_sizes():
    with pytest.raises(ValidationError, match=r"sizes are missing: weights 'random'"):
        AlbertConfig(weights="random")


def test_pretrained_albert_forbids_sizes():
    with pytest.raises(ValidationError, match=r"sizes must be left out: .*'albert-base-v2'"):
        AlbertConfig(sizes=AlbertSizes())


def test_more_tokens_than_positions_is_an_error():
    with pytest.raises(ValidationError, match="less than or equal to 512"):
        AlbertConfig(max_tokens=513)


@pytest.mark.parametrize(
    ("config", "field"),
    [(VisionConfig, "face_px"), (AudioConfig, "num_mels"), (AudioConfig, "chunk_frames")],
)
def test_pictures_must_survive_five_poolings(config, field):
    with pytest.raises(ValidationError, match=rf"{field}\n.*multiple of 32"):
        config(**{field: 48})


@pytest.mark.parametrize("branch", [VisionConfig, AudioConfig])
def test_pool_must_leave_vgg19_enough(branch):
    with pytest.raises(ValidationError, match=r"pool 4 does not leave a multiple of 32 of \d+"):
        branch(pool=(1, 4))


@pytest.mark.parametrize("px", [16, 40, 96])
def test_faces_are_resized_to_what_the_cnn_halves_evenly(px):
    with pytest.raises(ValidationError, match=rf"resize_px {px} is no multiple of 32 up to face_"):
        VisionConfig(resize_px=px)


def test_small_cnn_halves_sides_of_48_pixels_evenly():
    assert VisionConfig(cnn="dai", resize_px=48, pool=(3, 1)).side_px == 48
    with pytest.raises(ValidationError, match="pool 2 does not leave a multiple of 16 of 48"):
        VisionConfig(cnn="dai", resize_px=48, pool=(2, 1))


@pytest.mark.parametrize("fields", [{"batch_norm": False}, {"convs_per_group": (1, 1, 1, 1, 1)}])
def test_small_cnn_has_no_fields_of_a_vgg(fields):
    with pytest.raises(ValidationError, match=r"cnn 'dai' has no other batch_norm .* or cnn 'vgg'"):
        AudioConfig(cnn="dai", **fields)


def test_a_text_without_cls_needs_another_token():
    with pytest.raises(ValidationError, match=r"max_tokens 1 leaves only .CLS."):
        LeTextConfig(max_tokens=1, fuses_cls=False)


def test_later_field_is_written_only_where_it_differs():
    assert not {"reads_cls", "trains_embeddings"} & EmotionDecoder().model_dump().keys()
    written = EmotionDecoder(reads_cls=False).model_dump_json()
    assert written == '{"kind":"emotion_decoder","depth":2,"reads_cls":false}'
    assert EmotionDecoder.model_validate_json(written) == EmotionDecoder(reads_cls=False)
