"""Lays utterances out as Dai et al.'s release: a folder of images and sound an utterance."""

import io
import pickle
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from corpora.iemocap.ids import side_of
from corpora.iemocap.release import CENTRE_PX
from corpora.iemocap.turn import IEMOCAP_EMOTIONS
from corpora.synthetic.clip import FRAME_RATE_FPS
from tests.corpora.laid_tracks import hum, write_wav
from tests.corpora.laid_utterances import LaidUtterance
from tests.corpora.raw_iemocap_factory import write_split_lists

STORED_FPS = 2


def write_dai_iemocap(folder: Path, utterances: Sequence[LaidUtterance]) -> Path:
    """Write the half of IEMOCAP; the last utterance's label is outside the emotions."""
    release = folder / "IEMOCAP_RAW_PROCESSED"
    write_split_lists(folder / "IEMOCAP_SPLIT", utterances)
    for utterance in utterances:
        place = release / "_".join(utterance.id.split("_")[:2]) / utterance.id
        own, other = "LR" if side_of(utterance.id) == "left" else "RL"
        silence = hum(len(utterance.wave))
        write_wav(place / f"audio_{own}.wav", utterance.wave)
        write_wav(place / f"audio_{other}.wav", silence)
        write_wav(place / "audio.wav", utterance.wave, silence)
        for number, frame in enumerate(utterance.frames):
            write_image(place / f"image_{own}_{number}.jpg", centre(frame))
            write_image(place / f"image_{other}_{number}.jpg", centre(utterance.listener))
    write_meta(release, iemocap_meta(utterances))
    return folder


def iemocap_meta(utterances: Sequence[LaidUtterance]) -> dict[str, dict[str, object]]:
    meta: dict[str, dict[str, object]] = {
        utterance.id: {
            "start_time": utterance.start_s,
            "end_time": utterance.end_s,
            "label": IEMOCAP_EMOTIONS[utterance.labels.index(1)],
            "text": utterance.text,
            "sr": 16_000,
            "fps": float(FRAME_RATE_FPS),
        }
        for utterance in utterances
    }
    odd = f"{utterances[0].group}_F900"
    return meta | {odd: meta[utterances[0].id] | {"label": "xxx"}}


def write_dai_mosei(folder: Path, utterances: Sequence[LaidUtterance]) -> Path:
    """Write the half of CMU-MOSEI, with two images a second."""
    release = folder / "MOSEI_RAW_PROCESSED"
    write_split_lists(folder / "MOSEI_SPLIT", utterances)
    step = FRAME_RATE_FPS // STORED_FPS
    for utterance in utterances:
        write_wav(release / utterance.id / "audio.wav", utterance.wave)
        for number, frame in enumerate(utterance.frames[::step]):
            write_image(release / utterance.id / f"image_{number}.jpg", frame)
    write_meta(release, mosei_meta(utterances))
    return folder


def mosei_meta(utterances: Sequence[LaidUtterance]) -> dict[str, dict[str, object]]:
    return {
        utterance.id: {"text": utterance.text, "label": np.array(utterance.labels)}
        for utterance in utterances
    }


def write_meta(release: Path, meta: object) -> None:
    release.mkdir(parents=True, exist_ok=True)
    (release / "meta.pkl").write_bytes(pickle.dumps(meta))


def centre(frame: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Cut as the release's authors did, as far as a drawn frame is wide."""
    left = max(0, (frame.shape[1] - CENTRE_PX) // 2)
    return frame[:, left : left + CENTRE_PX]


def write_image(path: Path, frame: NDArray[np.uint8]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(_jpeg(frame.tobytes(), frame.shape))


@lru_cache(maxsize=8)
def _jpeg(content: bytes, shape: tuple[int, ...]) -> bytes:
    """Encode a picture; plain utterances show one picture in all their frames."""
    file = io.BytesIO()
    picture = Image.fromarray(np.frombuffer(content, np.uint8).reshape(shape))
    picture.save(file, format="jpeg", quality=90)
    return file.getvalue()
