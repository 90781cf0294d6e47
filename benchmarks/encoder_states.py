"""How many clips a second do encoders go through: in the batches of `prepare`, or one by one?

The encoders have random weights, of tiny size and of the usual base size. The clips are as long as
utterances are: 2 to 6 s of noise, 6 to 18 words, a face every 0.5 s. `prepare` takes them in parts
of eight, on one thread in each process; so does this.

    python -m benchmarks.encoder_states [--clips 16] [--repeats 3]
"""

import json
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import numpy as np
import torch
from rich.console import Console
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace
from tokenizers.processors import TemplateProcessing
from transformers import (
    CLIPVisionConfig,
    CLIPVisionModel,
    PreTrainedModel,
    PreTrainedTokenizerFast,
    RobertaConfig,
    RobertaModel,
    Wav2Vec2Config,
    Wav2Vec2Model,
)

from benchmarks.measurement import Machine, Spread, markdown_table, this_machine
from corpora.checkpoints.files import PREPROCESSOR_FILE, find_checkpoint
from corpora.features.encoders.batches import Promise
from corpora.features.encoders.faces import FaceStates
from corpora.features.encoders.texts import TextStates
from corpora.features.encoders.waves import WaveStates
from corpora.forms.faces import NO_FACES
from corpora.preparation.parts import CLIPS_PER_PART

RATE_HZ = 16_000
FACE_INTERVAL_S = 0.5
WORDS_PER_S = 3

TINY: dict[str, Any] = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 64,
}
SIZES: Mapping[str, dict[str, Any]] = {"tiny": TINY, "base": {}}
"""What differs from the defaults of `transformers`, which are those of the base models."""

Ask = Callable[[float], Promise]
"""Asks for the states of a clip of some seconds."""


@dataclass(frozen=True)
class Speed:
    """Clips a second in two ways, and the largest difference between their states."""

    num_parameters: int
    alone: Spread
    together: Spread
    difference: float


@dataclass(frozen=True)
class Measured:
    """The speed of each encoder, by modality and size."""

    machine: Machine
    num_clips: int
    speeds: dict[str, Speed]


def write_wav2vec2(folder: Path, size: dict[str, Any]) -> int:
    """Write a wav2vec 2.0; return its number of parameters."""
    config = Wav2Vec2Config(**size)
    if size:
        config.conv_dim = (32,) * len(config.conv_dim)
    settings = {"sampling_rate": RATE_HZ, "feature_size": 1, "do_normalize": True}
    (folder / PREPROCESSOR_FILE).write_text(json.dumps(settings))
    return _save(Wav2Vec2Model(config), folder)


def write_roberta(folder: Path, size: dict[str, Any]) -> int:
    """Write a RoBERTa with a tokenizer of some words."""
    tokens = ["<s>", "<pad>", "</s>", "<unk>", *(f"word{number}" for number in range(1000))]
    tokenizer = Tokenizer(WordLevel({token: i for i, token in enumerate(tokens)}, "<unk>"))
    tokenizer.pre_tokenizer = Whitespace()
    tokenizer.post_processor = TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="<pad>").save_pretrained(folder)
    return _save(RobertaModel(RobertaConfig(**size, max_position_embeddings=514)), folder)


def write_clip(folder: Path, size: dict[str, Any]) -> int:
    """Write the vision tower of a CLIP (base: ViT-B/32)."""
    settings = {"image_mean": [0.5] * 3, "image_std": [0.25] * 3, "crop_size": 224}
    (folder / PREPROCESSOR_FILE).write_text(json.dumps(settings))
    return _save(CLIPVisionModel(CLIPVisionConfig(**size)), folder)


def _save(model: PreTrainedModel, folder: Path) -> int:
    model.save_pretrained(folder)
    return sum(parameter.numel() for parameter in model.parameters())


def ask_waves(folder: Path) -> Ask:
    """Ask for the states of noise."""
    encoder = WaveStates(
        find_checkpoint(str(folder), "audio"), "last", rate_hz=RATE_HZ, step_s=0.1, device="cpu"
    )
    noise = np.random.default_rng(0).normal(0, 0.1, 60 * RATE_HZ).astype(np.float32)
    return lambda seconds: encoder(noise[: round(seconds * RATE_HZ)])


def ask_texts(folder: Path) -> Ask:
    """Ask for the states of words."""
    encoder = TextStates(find_checkpoint(str(folder), "text"), "last", device="cpu")
    words = [f"word{number}" for number in range(200)]
    return lambda seconds: encoder(" ".join(words[: round(WORDS_PER_S * seconds)]))


def ask_faces(folder: Path) -> Ask:
    """Ask for the states of pictures."""
    encoder = FaceStates(find_checkpoint(str(folder), "vision"), "last", device="cpu")
    frames = np.random.default_rng(0).integers(0, 256, (120, 240, 320, 3)).astype(np.uint8)

    def ask(seconds: float) -> Promise:
        chosen = frames[: max(1, round(seconds / FACE_INTERVAL_S))]
        promises = [encoder(frame, NO_FACES) for frame in chosen]
        return lambda: np.concatenate([promise() for promise in promises])

    return ask


ENCODERS: Mapping[str, tuple[Callable[[Path, dict[str, Any]], int], Callable[[Path], Ask]]] = {
    "wav2vec 2.0": (write_wav2vec2, ask_waves),
    "CLIP": (write_clip, ask_faces),
    "RoBERTa": (write_roberta, ask_texts),
}


def clip_lengths_s(num_clips: int) -> list[float]:
    """Draw the lengths of clips, 2 to 6 s."""
    return np.random.default_rng(1).uniform(2, 6, num_clips).tolist()


def measure_speed(ask: Ask, lengths_s: Sequence[float], num_repeats: int) -> tuple[Spread, ...]:
    """Go through the clips one by one and in parts, by turns; also return how states differ."""
    parts = [
        lengths_s[begin : begin + CLIPS_PER_PART]
        for begin in range(0, len(lengths_s), CLIPS_PER_PART)
    ]
    ask(lengths_s[0])()  # the first call is slower
    alone_per_s, together_per_s, differences = [], [], []
    for _ in range(num_repeats):
        begin = time.perf_counter()
        alone = [ask(seconds)() for seconds in lengths_s]
        between = time.perf_counter()
        together = []
        for part in parts:
            promises = [ask(seconds) for seconds in part]
            together += [promise() for promise in promises]
        end = time.perf_counter()
        alone_per_s.append(len(lengths_s) / (between - begin))
        together_per_s.append(len(lengths_s) / (end - between))
        pairs = zip(alone, together, strict=True)
        differences.append(max(float(abs(one - other).max()) for one, other in pairs))
    return Spread.of(alone_per_s), Spread.of(together_per_s), Spread.of(differences)


def measure(num_clips: int, num_repeats: int) -> Measured:
    """Measure every encoder at every size."""
    machine = this_machine(libraries=("torch", "transformers"))
    torch.set_num_threads(1)
    torch.manual_seed(0)
    speeds = {}
    for size, fields in SIZES.items():
        for name, (write, make_ask) in ENCODERS.items():
            with tempfile.TemporaryDirectory() as folder:
                num_parameters = write(Path(folder), fields)
                ask = make_ask(Path(folder))
            alone, together, differences = measure_speed(
                ask, clip_lengths_s(num_clips), num_repeats
            )
            speeds[f"{name}, {size}"] = Speed(num_parameters, alone, together, differences.most)
    return Measured(machine, num_clips, speeds)


def show(measured: Measured, console: Console) -> None:
    """Print clips a second, one line an encoder."""
    some = next(iter(measured.speeds.values()))
    console.print(
        f"{measured.machine}; one thread\n{measured.num_clips} clips, n = {some.alone.num}, median "
        "(least to most)\n",
        soft_wrap=True,
    )
    table = markdown_table(
        "encoder",
        "M parameters",
        "clips/s, one by one",
        "clips/s, in batches",
        "times as fast",
        "largest difference",
    )
    for name, speed in measured.speeds.items():
        table.add_row(
            name,
            f"{speed.num_parameters / 1e6:.2f}",
            f"{speed.alone:.2f}",
            f"{speed.together:.2f}",
            f"{speed.together.median / speed.alone.median:.2f}",
            f"{speed.difference:.0e}",
        )
    console.print(table)


@click.command()
@click.option("--clips", "num_clips", default=16, show_default=True)
@click.option("--repeats", "num_repeats", default=3, show_default=True)
def main(num_clips: int, num_repeats: int) -> None:
    """Measure extraction in batches and one by one, side by side."""
    show(measure(num_clips, num_repeats), Console(width=140))


if __name__ == "__main__":
    main()
