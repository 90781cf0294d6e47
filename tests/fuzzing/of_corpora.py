"""Readers of media, labels and features."""

import gzip
import io
import json
import zipfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

import h5py  # type: ignore[import-untyped]
import numpy as np
import torch
from PIL import Image

from corpora.checkpoints.files import CONFIG_FILE, PREPROCESSOR_FILE, find_checkpoint
from corpora.checkpoints.settings import read_picture_settings, read_sound_settings
from corpora.feature_files.arrays import read_array
from corpora.feature_files.read import FeatureChoices, read_features
from corpora.features.published import read_iemocap_features, read_mosei_features
from corpora.media.duration import read_duration_s
from corpora.media.frames import read_frames
from corpora.media.segments import ImageSequence
from corpora.media.sound import read_sound
from corpora.readers.clip_folder import read_clips, read_labels_csv
from corpora.readers.dai_release import META_FILE
from corpora.readers.split_lists import read_split_lists
from corpora.source.errors import MediaError
from corpora.source.plain_pickle import load_plain_pickle
from corpora.source.split import SPLITS
from corpora.text.glove import read_glove
from corpora.text.subtitles import read_cues, read_subtitles, text_between
from tests.corpora.dai_feature_factory import write_iemocap, write_mosei
from tests.corpora.dai_release_factory import iemocap_meta, mosei_meta
from tests.corpora.feature_file_factory import label_lines, mmsa_split, write_array_folder
from tests.corpora.laid_utterances import iemocap_utterances, mosei_utterances
from tests.corpora.layouts import LAYOUTS
from tests.corpora.media_factory import (
    clip_lines,
    text_lines,
    write_clip_folder,
    write_csv,
    write_sound,
    write_video,
)
from tests.fuzzing.inputs import Form, pickled
from tests.fuzzing.laying import alone, beside, in_file
from tests.fuzzing.trying import Reader

Lines = list[dict[str, object]]

SRT = (
    "1\n00:00:01,000 --> 00:00:02,500\n<i>one</i> a < b\n\n"
    "2\n00:00:03,000 --> 00:01:04\ntwo &amp;\n"
)
VTT = (
    "WEBVTT\n\nNOTE a note\n\nintro\n00:01.000 --> 00:02.500 align:start\n<v Name>one</v>\n\n"
    "01:00:03.000 --> 01:00:04.000\n{\\an8}two\n"
)
GLOVE = "3 2\na 0.1 -2e-3\nb c 1 2\nd 3 4\n"


def _clips(folder: Path) -> Sequence[bytes]:
    write_clip_folder(folder)
    (folder / "clip.srt").write_text(SRT, encoding="utf-8")
    without_end: Lines = [{**line, "end": ""} for line in clip_lines()]
    spoken: Lines = [
        {"utterance": f"u{n}", "file": "clip.mp4", "speaker": f"s{n % 4}", "emotion": "happy"}
        for n in range(8)
    ]
    return [_csv(folder, lines) for lines in (clip_lines(), without_end, text_lines(), spoken)]


def _csv(folder: Path, lines: Sequence[dict[str, object]]) -> bytes:
    path = write_csv(folder / "made" / "made.csv", lines)
    return path.read_bytes()


def _labels(folder: Path) -> Sequence[bytes]:
    numbers = [
        {"utterance": f"u{n}", "split": s, "valence": n / 3, "dialogue": "d"}
        for n, s in enumerate(["train", "valid", "test"] * 3)
    ]
    return [_csv(folder, lines) for lines in (label_lines(), text_lines(), numbers)]


def _release(name: str, pattern: str) -> Callable[[Path], Sequence[bytes]]:
    """Lay a corpus out; the input stands in the place of its first file of a pattern."""

    def prepare(folder: Path) -> Sequence[bytes]:
        (layout,) = (one for one in LAYOUTS if one.name == name)
        layout.write(folder)
        return [_file_of(folder, pattern).read_bytes()]

    return prepare


def _read_release(name: str, pattern: str) -> Callable[[Path, bytes], object]:
    (layout,) = (one for one in LAYOUTS if one.name == name)

    def read(folder: Path, content: bytes) -> object:
        _file_of(folder, pattern).write_bytes(content)
        return layout.read(folder)

    return read


def _file_of(folder: Path, pattern: str) -> Path:
    return next(p for p in sorted(folder.rglob(pattern)) if not p.name.startswith("."))


def _dai_iemocap(folder: Path) -> Sequence[bytes]:
    _release("dai-iemocap", META_FILE)(folder)
    return [pickled(iemocap_meta(iemocap_utterances()))]


def _dai_mosei(folder: Path) -> Sequence[bytes]:
    _release("dai-mosei", META_FILE)(folder)
    return [pickled(mosei_meta(mosei_utterances()))]


def _lists(folder: Path) -> Sequence[bytes]:
    for split in SPLITS:
        (folder / f"{split}_split.txt").write_text(f"{split}0\n{split}1\n", encoding="utf-8")
    return [(folder / "valid_split.txt").read_bytes()]


def _packed_vectors(_: Path) -> Sequence[bytes]:
    def pack(file: io.BytesIO) -> None:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("a.txt", GLOVE)

    return [_saved(pack), gzip.compress(GLOVE.encode())]


def _read_vectors(path: Path) -> object:
    return read_glove(path, {"a", "b c", "d"})


def _read_features(place: Path) -> object:
    return read_features(place, FeatureChoices())


def _mmsa(_: Path) -> Sequence[bytes]:
    return [pickled({split: mmsa_split(split) for split in ("train", "valid", "test")})]


def _plain(_: Path) -> Sequence[bytes]:
    tree = {"a": [1, 2.5, None, (True, "x")], "b": np.arange(6).reshape(2, 3), "c": {1, 2}}
    texts = {"d": np.array(["x", None], dtype=object), "e": np.float32(1), "f": np.array(["é"])}
    return [pickled(tree), pickled(texts)]


def _iemocap_features(folder: Path) -> Sequence[bytes]:
    return [pickled(load_plain_pickle(write_iemocap(folder) / IEMOCAP_AUDIO))]


def _mosei_features(folder: Path) -> Sequence[bytes]:
    return [pickled(load_plain_pickle(write_mosei(folder) / MOSEI_VALID))]


def _sequences(folder: Path) -> Sequence[bytes]:
    """Write features of two videos a split as the CMU SDK does, and labels in a CSV."""
    lines: Lines = [
        {"utterance": f"{split}{n}", "split": split, "happy": n} for split in SPLITS for n in (0, 1)
    ]
    write_csv(folder / "labels.csv", lines)
    with h5py.File(folder / "text.csd", "w") as file:
        for line in lines:
            place = f"a name/data/{line['utterance']}"
            file[f"{place}/features"] = np.ones((4, 3), np.float32)
            file[f"{place}/intervals"] = np.arange(8.0).reshape(4, 2)
        file["a name/metadata/root name"] = "a name"
    return [(folder / "text.csd").read_bytes()]


def _arrays(folder: Path) -> Sequence[bytes]:
    for_npy = (
        np.zeros((3, 2), np.float32),
        np.zeros((2, 2), "<U3"),
        np.asfortranarray(np.ones((2, 3))),
    )
    return [_saved(partial(np.save, arr=array)) for array in for_npy]


def _archives(folder: Path) -> Sequence[bytes]:
    packed = np.savez_compressed
    return [
        _saved(lambda file: packed(file, a=np.zeros((3, 2)))),
        _saved(lambda file: np.savez(file, np.ones(4))),
    ]


def _tensors(folder: Path) -> Sequence[bytes]:
    return [
        _saved(lambda file: torch.save(torch.zeros(3, 2), file)),
        _saved(lambda file: torch.save(torch.ones(2, 2, dtype=torch.bfloat16).T, file)),
    ]


def _saved(save: Callable[[io.BytesIO], object]) -> bytes:
    file = io.BytesIO()
    save(file)
    return file.getvalue()


def _array_folder(folder: Path) -> Sequence[bytes]:
    write_array_folder(folder)
    return [(folder / "labels.csv").read_bytes()]


def _videos(folder: Path) -> Sequence[bytes]:
    paths = [
        write_video(folder / "a.mp4", seconds=0.5, size=(32, 48)),
        write_video(folder / "a.mkv", seconds=0.5, size=(32, 48)),
        write_video(folder / "a.avi", seconds=0.5, size=(32, 48), codec="mpeg4", sound_codec="mp2"),
    ]
    return [path.read_bytes() for path in paths]


def _sounds(folder: Path) -> Sequence[bytes]:
    paths = [
        write_sound(folder / "a.wav", seconds=0.3),
        write_sound(folder / "a.flac", seconds=0.3, codec="flac"),
        write_sound(folder / "a.m4a", seconds=0.3, codec="aac"),
    ]
    return [path.read_bytes() for path in paths]


def _read_media(path: Path) -> None:
    """Read all that `prepare` reads of a file: each part, whatever the parts before it say."""
    with suppress(MediaError):
        read_duration_s(path)
    with suppress(MediaError):
        for _ in read_frames(path, [0.0, 0.2, 0.4], end_s=0.5):
            pass
    read_sound(path, 0.0, 0.5, rate_hz=16_000)


def _images(_: Path) -> Sequence[bytes]:
    picture = Image.fromarray(np.arange(48 * 32 * 3, dtype=np.uint8).reshape(32, 48, 3))
    ways = (
        partial(picture.save, format="JPEG"),
        partial(picture.save, format="PNG"),
        partial(picture.save, format="JPEG", progressive=True),
    )
    return [*map(_saved, ways)]


def _read_image(path: Path) -> object:
    return [*ImageSequence((path,), 1.0).frames([0.0])]


def _read_sound(folder: Path) -> object:
    return read_sound_settings(find_checkpoint(str(folder), "audio"), rate_hz=16_000)


def _read_subtitles(path: Path) -> object:
    read_subtitles(path)
    return text_between(read_cues(path), 0.0, 60.0)


def _encoder(settings: dict[str, object]) -> Callable[[Path], Sequence[bytes]]:
    def prepare(folder: Path) -> Sequence[bytes]:
        (folder / CONFIG_FILE).write_text('{"model_type": "wav2vec2"}', encoding="utf-8")
        (folder / "model.safetensors").write_bytes(b"")
        return [json.dumps(settings).encode()]

    return prepare


def _read_pictures(folder: Path) -> object:
    settings, _ = read_picture_settings(find_checkpoint(str(folder), "vision"))
    return settings.scale_and_shift()


PICTURES: dict[str, object] = {
    "crop_size": {"height": 8, "width": 8},
    "image_mean": [0.5, 0.4, 0.3],
    "image_std": [0.2, 0.25, 0.3],
    "rescale_factor": 0.1,
    "size": {"shortest_edge": 8},
}
SOUND: dict[str, object] = {"sampling_rate": 16_000, "feature_size": 1, "do_normalize": True}

IEMOCAP_AUDIO = "IEMOCAP_HCF_FEATURES/valid_audio_features.pt"
MOSEI_VALID = "MOSEI_HCF_FEATURES/mosei_senti_hcf_valid.pkl"
VIDEO_TEXT = "Combined/*.txt"
TURNS, TEXTS = "EmoEvaluation/Ses*.txt", "transcriptions/Ses*.txt"
TEXT, JSON, BYTES, PICKLE, ZIP = Form.TEXT, Form.JSON, Form.BYTES, Form.PICKLE, Form.ZIP

OF_CORPORA = (
    Reader("clip CSV", TEXT, _clips, beside("clips.csv", read_clips), is_native=True),
    Reader("label CSV", TEXT, _labels, in_file("labels.csv", read_labels_csv)),
    Reader("feature folder's CSV", TEXT, _array_folder, beside("labels.csv", _read_features)),
    Reader("split lists", TEXT, _lists, beside("valid_split.txt", read_split_lists)),
    Reader("SubRip", TEXT, alone(SRT), in_file("a.srt", _read_subtitles)),
    Reader("WebVTT", TEXT, alone(VTT), in_file("a.vtt", _read_subtitles)),
    Reader("word vectors", TEXT, alone(GLOVE), in_file("a.txt", _read_vectors)),
    Reader("packed word vectors", ZIP, _packed_vectors, in_file("a.zip", _read_vectors)),
    Reader("IEMOCAP labels", TEXT, _release("iemocap", TURNS), _read_release("iemocap", TURNS)),
    Reader("IEMOCAP texts", TEXT, _release("iemocap", TEXTS), _read_release("iemocap", TEXTS)),
    Reader("MELD CSV", TEXT, _release("meld", "dev*.csv"), _read_release("meld", "dev*.csv")),
    Reader("MOSEI answers", TEXT, _release("mosei", "*.csv"), _read_release("mosei", "*.csv")),
    Reader("MOSEI texts", TEXT, _release("mosei", VIDEO_TEXT), _read_release("mosei", VIDEO_TEXT)),
    Reader("plain pickle", PICKLE, _plain, in_file("a.pkl", load_plain_pickle)),
    Reader("Dai IEMOCAP pickle", PICKLE, _dai_iemocap, _read_release("dai-iemocap", META_FILE)),
    Reader("Dai MOSEI pickle", PICKLE, _dai_mosei, _read_release("dai-mosei", META_FILE)),
    Reader("MMSA pickle", PICKLE, _mmsa, in_file("a.pkl", _read_features)),
    Reader(
        "Dai IEMOCAP features",
        PICKLE,
        _iemocap_features,
        beside(IEMOCAP_AUDIO, read_iemocap_features),
    ),
    Reader("Dai MOSEI features", PICKLE, _mosei_features, beside(MOSEI_VALID, read_mosei_features)),
    Reader(".npy array", BYTES, _arrays, in_file("a.npy", read_array), is_native=True),
    Reader(".npz array", ZIP, _archives, in_file("a.npz", read_array), is_native=True),
    Reader(".pt array", ZIP, _tensors, in_file("a.pt", read_array), is_native=True),
    Reader(".csd sequences", BYTES, _sequences, beside("text.csd", _read_features), is_native=True),
    Reader("picture settings", JSON, _encoder(PICTURES), beside(PREPROCESSOR_FILE, _read_pictures)),
    Reader("sound settings", JSON, _encoder(SOUND), beside(PREPROCESSOR_FILE, _read_sound)),
    Reader("video file", BYTES, _videos, in_file("a.mp4", _read_media), is_native=True),
    Reader("sound file", BYTES, _sounds, in_file("a.wav", _read_media), is_native=True),
    Reader("image file", BYTES, _images, in_file("a.jpg", _read_image), is_native=True),
)
