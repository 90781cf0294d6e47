from pathlib import Path

import numpy as np
import pytest

from corpora.features.published import AUDIO_ROWS, read_iemocap_features, read_mosei_features
from corpora.recipes.handcrafted import Handcrafted
from corpora.source.errors import CorpusError
from tests.corpora.dai_feature_factory import (
    MOSEI_IDS,
    NUM_IMAGES,
    acoustic_sides,
    openface_rows,
    write_iemocap,
    write_mosei,
    write_pickle,
)

LEFT, RIGHT = "Ses01F_impro01_F000", "Ses01F_impro01_M001"


def iemocap(folder: Path, utterance: str) -> Handcrafted:
    features = read_iemocap_features(folder).features(utterance)
    assert features is not None
    return features


@pytest.mark.parametrize("protocol", [2, 4])
def test_iemocap_text_is_the_word_vectors(protocol: int, tmp_path: Path) -> None:
    features = iemocap(write_iemocap(tmp_path, protocol=protocol), LEFT)
    assert features.text.shape == (2, 300)
    assert features.text[:, 0].tolist() == [1, 2]


@pytest.mark.parametrize(("utterance", "offset"), [(LEFT, 0), (RIGHT, 1000)])
def test_iemocap_audio_is_the_used_rows_of_the_speakers_side(
    utterance: str, offset: int, tmp_path: Path
) -> None:
    audio = iemocap(write_iemocap(tmp_path), utterance).audio
    assert audio.shape == (3, 142)
    assert audio[0].tolist() == [row + offset for row in AUDIO_ROWS]
    assert AUDIO_ROWS[33:35] == (33, 655)
    assert audio[2, 0] == pytest.approx(offset + 0.2)


def test_filler_rows_are_appended_and_change_the_digest(tmp_path: Path) -> None:
    plain = read_iemocap_features(write_iemocap(tmp_path))
    filled = read_iemocap_features(tmp_path, filler_rows=True)
    features = filled.features(LEFT)
    assert features is not None
    assert features.audio[0, -3:].tolist() == [762, 100, 101]
    assert features.audio.shape == (3, 144)
    assert filled.digest != plain.digest


@pytest.mark.parametrize(("utterance", "offset"), [(LEFT, 0), (RIGHT, 1000)])
def test_iemocap_vision_is_the_action_units_by_image_number(
    utterance: str, offset: int, tmp_path: Path
) -> None:
    vision = iemocap(write_iemocap(tmp_path), utterance).vision
    assert vision.shape == (NUM_IMAGES, 35)
    assert (vision == offset + np.arange(NUM_IMAGES)[:, None]).all()


def test_what_is_empty_becomes_one_row_of_zeros(tmp_path: Path) -> None:
    only_left = {name: row for name, row in openface_rows().items() if name.startswith("image_L")}
    write_iemocap(
        tmp_path,
        {
            "text": {LEFT: []},
            "audio": {LEFT: acoustic_sides(0)},
            "video": {RIGHT: only_left},
        },
    )
    left, right = iemocap(tmp_path, LEFT), iemocap(tmp_path, RIGHT)
    for array, width in ((left.text, 300), (left.audio, 142), (right.vision, 35)):
        assert array.shape == (1, width)
        assert not array.any()


def test_utterance_that_a_file_lacks_has_no_features(tmp_path: Path) -> None:
    write_iemocap(tmp_path)
    write_pickle(tmp_path / "IEMOCAP_HCF_FEATURES" / "test_text_features.pt", {})
    features = read_iemocap_features(tmp_path)
    assert features.features("Ses05M_script03_2_F012") is None
    assert features.features(LEFT) is not None


def test_numbers_that_are_not_finite_are_counted_and_zero(tmp_path: Path) -> None:
    sides = acoustic_sides()
    sides["L"][:3, 1] = np.nan, np.inf, 1e300
    sides["L"][50, 0] = np.nan  # not a used row
    sides["R"][0, 0] = np.nan  # not the speaker's side
    features = read_iemocap_features(write_iemocap(tmp_path, {"audio": {LEFT: sides}}))
    assert features.num_not_finite == 3
    assert iemocap(tmp_path, LEFT).audio[1, :4].tolist() == pytest.approx([0, 0, 0, 3.1])


def test_digest_follows_the_content_of_the_files(tmp_path: Path) -> None:
    one, same, other = (tmp_path / name for name in ("one", "same", "other"))
    digests = [
        read_iemocap_features(folder).digest
        for folder in (
            write_iemocap(one),
            write_iemocap(same),
            write_iemocap(other, {"text": {LEFT: []}}),
        )
    ]
    assert digests[0] == digests[1] != digests[2]
    assert len(digests[0]) == 64


@pytest.mark.parametrize(
    ("kind", "value", "message"),
    [
        ("text", [[1.0], [1.0, 2.0]], "rows of numbers are wanted"),
        ("text", [np.ones(50)], r"numbers of features differ: 50 \(utterance 'Ses01F.*, 300"),
        ("audio", {"R": np.ones((763, 1))}, "a dict with side 'L' is wanted"),
        ("audio", {"L": np.ones((142, 9))}, r"shape \(142, 9\) is not \(763, steps\)"),
        ("video", [], "a dict of images is wanted, not a list"),
        ("video", {"image_L_0": np.ones(34)}, "'image_L_0' is not a row of at least 35 numbers"),
        ("video", {"image_L_0": 1.0}, "'image_L_0' is not a row of at least 35 numbers"),
        ("video", {"image_L_0": [[1.0], []]}, "rows of one length are wanted"),
        ("video", {"frame_0": np.ones(35)}, "'frame_0' is not an image's name"),
    ],
)
def test_wrong_content_is_named(kind: str, value: object, message: str, tmp_path: Path) -> None:
    write_iemocap(tmp_path, {kind: {LEFT: value}})
    with pytest.raises(CorpusError, match=message):
        read_iemocap_features(tmp_path)


def test_id_of_another_corpus_is_named_with_its_file(tmp_path: Path) -> None:
    path = write_iemocap(tmp_path) / "IEMOCAP_HCF_FEATURES" / "train_audio_features.pt"
    write_pickle(path, {"video_0": acoustic_sides()})
    with pytest.raises(CorpusError, match=r"train_audio.*'video_0' is not an utterance id"):
        read_iemocap_features(tmp_path)


@pytest.mark.parametrize("read", [read_iemocap_features, read_mosei_features])
def test_missing_files_are_all_listed(read, tmp_path: Path) -> None:
    write_iemocap(tmp_path)
    write_mosei(tmp_path)
    for name in ("valid_text_features.pt", "test_video_features.pt"):
        (tmp_path / "IEMOCAP_HCF_FEATURES" / name).unlink()
    (tmp_path / "MOSEI_HCF_FEATURES" / "mosei_senti_hcf_test.pkl").unlink()
    with pytest.raises(CorpusError, match=r"lacks .*test.*; choose the folder") as missing:
        read(tmp_path)
    assert ("valid_text_features.pt" in str(missing.value)) == (read is read_iemocap_features)


def test_mosei_rows_are_found_by_id_and_trimmed_at_both_ends(tmp_path: Path) -> None:
    features = read_mosei_features(write_mosei(tmp_path)).features(MOSEI_IDS["train"][1])
    assert features is not None
    assert features.text.shape == (2, 6)
    assert features.audio[:, 0].tolist() == [3, 0, 4]  # the silence inside stays
    assert features.vision[:, 3].tolist() == [5, 6, 7, 8]
    assert features.vision.dtype == np.float32


def test_mosei_padding_is_kept_if_wanted_and_changes_the_digest(tmp_path: Path) -> None:
    trimmed = read_mosei_features(write_mosei(tmp_path))
    whole = read_mosei_features(tmp_path, padded_rows=True)
    assert whole.digest != trimmed.digest
    for ids in MOSEI_IDS.values():
        for utterance in ids:
            features = whole.by_utterance[utterance]
            assert features.text[:, 0].tolist() == [1, 2, 0, 0, 0]
            assert features.audio[:, 0].tolist() == [0, 0, 0, 0, 3, 0, 4]
            assert features.vision[:, 0].tolist() == [0, 5, 6, 7, 8, 0, 0]


@pytest.mark.parametrize("as_stored", [np.array, lambda ids: np.array(ids, dtype=object)[:, None]])
def test_mosei_ids_may_be_objects_in_a_column(as_stored, tmp_path: Path) -> None:
    write_mosei(tmp_path)
    content = {
        "id": as_stored(["b_0", "a_0"]),
        **{key: np.array([[[1.0]], [[2.0]]]) for key in ("text", "audio", "vision")},
    }
    for split in ("train", "valid", "test"):
        write_pickle(tmp_path / "MOSEI_HCF_FEATURES" / f"mosei_senti_hcf_{split}.pkl", content)
    features = read_mosei_features(tmp_path).features("a_0")
    assert features is not None
    assert features.text.tolist() == [[2.0]]


def test_mosei_utterance_of_zeros_keeps_one_row_and_infinite_ones_count(tmp_path: Path) -> None:
    text = np.zeros((2, 4, 6))
    text[1, :, :] = -np.inf
    write_mosei(tmp_path)
    content = {
        "id": np.array(["a", "b"]),
        "text": text,
        "audio": np.ones((2, 1, 5)),
        "vision": np.ones((2, 1, 4)),
    }
    write_pickle(tmp_path / "MOSEI_HCF_FEATURES" / "mosei_senti_hcf_train.pkl", content)
    features = read_mosei_features(tmp_path)
    assert features.num_not_finite == 24
    for utterance in "ab":
        assert features.by_utterance[utterance].text.tolist() == [[0.0] * 6]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"vision": np.ones((7, 2, 4))}, r"'vision' of shape \(7, 2, 4\) is not \(2 utterances"),
        ({"audio": np.ones(2)}, "'audio' of shape"),
    ],
)
def test_mosei_array_of_another_shape_is_named(
    change: dict[str, np.ndarray], message: str, tmp_path: Path
) -> None:
    with pytest.raises(CorpusError, match=message):
        read_mosei_features(write_mosei(tmp_path, **change))


def test_mosei_file_without_a_modality_lists_what_it_has(tmp_path: Path) -> None:
    write_mosei(tmp_path)
    path = tmp_path / "MOSEI_HCF_FEATURES" / "mosei_senti_hcf_valid.pkl"
    write_pickle(path, {"id": [], "words": []})
    with pytest.raises(CorpusError, match=r"must be a dict with id, text.*it has: id, words"):
        read_mosei_features(tmp_path)
