"""What do face crops cost as raw pixels, and as JPEG?

The crops are those of the picture recipes, of 48, 64 and 224 pixels; one core is used. The code of
`prepare` encodes the crops, and the code of the batches reads them back; the files are in memory.
torchvision's decoder is measured beside Pillow's, which we use.

    python -m benchmarks.crop_storage [--media VIDEO]

Without a video the faces are drawn. They have less detail than filmed ones, so their JPEGs are
smaller.
"""

import json
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import av
import click
import numpy as np
import pyarrow as pa
import torch
from rich.console import Console
from torch import Tensor
from torchvision.io import decode_jpeg

from benchmarks.measurement import Machine, Spread, markdown_table, this_machine
from corpora.batches.jpeg import JpegColumn
from corpora.batches.ragged import MappedColumn
from corpora.forms.crops import crop_centre, crop_first_face, faces_in_field, to_jpeg
from corpora.forms.faces import FaceDetector
from corpora.forms.form import one_list
from corpora.media.frames import read_frames
from corpora.recipes.pictures import RECIPES, Recipe
from corpora.source.utterance import Frame
from corpora.synthetic.face import EXPRESSIONS, draw_frames, draw_speaker

RAW, PILLOW, TORCHVISION = "raw", "JPEG, Pillow", "JPEG, torchvision"
MIN_S = 0.3
"""Each timed function is repeated for at least this time."""

HOURS = 100


@dataclass(frozen=True)
class Cost:
    """The cost of one way to store crops; rates are crops per second, None if not measured."""

    bytes_per_crop: float
    pixel_error: float
    encoded_per_s: Spread | None
    decoded_per_s: Spread


@dataclass(frozen=True)
class Measured:
    """All measurements: costs by recipe and way, numbers of found faces by recipe."""

    machine: Machine
    origin: str
    num_crops: int
    num_faces: dict[str, int]
    costs: dict[str, dict[str, Cost]]


@dataclass(frozen=True)
class Way:
    """A way to store crops: `encode` runs once, `decode` each time they are read."""

    encode: Callable[[], object] | None
    decode: Callable[[], Tensor]
    num_bytes: int


def draw_faces(num_frames: int) -> list[Frame]:
    """Draw the faces of many people, each with an expression."""
    generator, expressions = np.random.default_rng(0), list(EXPRESSIONS.values())
    return [
        draw_frames(
            draw_speaker(generator), [expressions[index % len(expressions)]], [0.3], generator
        )[0]
        for index in range(num_frames)
    ]


def film_frames(video: Path, num_frames: int) -> list[Frame]:
    """Take frames of a video at equal distances."""
    with av.open(str(video)) as container:
        duration_s = (container.duration or 0) / av.time_base
    return list(
        read_frames(video, [duration_s * (n + 0.5) / num_frames for n in range(num_frames)])
    )


def ways_to_store(crops: Sequence[Frame]) -> dict[str, Way]:
    """Prepare every way to store some crops of one size."""
    raw, jpeg = _raw_column(crops), _jpeg_column(crops)
    num, px = torch.tensor([len(crops)]), len(crops[0])
    mapped = MappedColumn(raw, num, shape=(3, px, px))
    encoded = JpegColumn(jpeg, num, side_px=px)
    first, choices = torch.tensor([0]), torch.zeros(len(crops), dtype=torch.int64)
    files = [torch.frombuffer(bytearray(file), dtype=torch.uint8) for file in jpeg[0].as_py()]
    num_jpeg_bytes = sum(len(file) for file in files)
    return {
        RAW: Way(lambda: _raw_column(crops), lambda: mapped.collect(first, choices), raw.nbytes),
        PILLOW: Way(
            lambda: _jpeg_column(crops),
            lambda: encoded.finish(encoded.collect(first, choices)),
            num_jpeg_bytes,
        ),
        TORCHVISION: Way(
            None, lambda: torch.stack([decode_jpeg(file) for file in files]), num_jpeg_bytes
        ),
    }


def _raw_column(crops: Sequence[Frame]) -> pa.ChunkedArray:
    pixels = one_list(np.stack([crop.transpose(2, 0, 1) for crop in crops]))
    return pa.chunked_array([pixels])


def _jpeg_column(crops: Sequence[Frame]) -> pa.ChunkedArray:
    files = pa.array([[to_jpeg(crop) for crop in crops]], pa.list_(pa.binary()))
    return pa.chunked_array([files])


def pixel_error(decoded: Tensor, crops: Sequence[Frame]) -> float:
    """Return the mean absolute difference between pixels, in levels of 255.

    Shapes:
        decoded: (N, 3, H, W), crops: N of (H, W, 3)
    """
    true = torch.from_numpy(np.stack(crops)).permute(0, 3, 1, 2)
    return float((decoded.float() - true.float()).abs().mean())


def _crops_per_s(work: Callable[[], object], num_crops: int) -> float:
    num_done, start = 0, time.perf_counter()
    while (elapsed_s := time.perf_counter() - start) < MIN_S:
        work()
        num_done += num_crops
    return num_done / elapsed_s


def measure_costs(crops: Sequence[Frame], num_repeats: int) -> dict[str, Cost]:
    """Encode and decode crops in all ways, by turns."""
    ways = ways_to_store(crops)
    encoded: dict[str, list[float]] = {name: [] for name in ways}
    decoded: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(num_repeats):
        for name, way in ways.items():
            if way.encode is not None:
                encoded[name].append(_crops_per_s(way.encode, len(crops)))
            decoded[name].append(_crops_per_s(way.decode, len(crops)))
    return {
        name: Cost(
            bytes_per_crop=way.num_bytes / len(crops),
            pixel_error=pixel_error(way.decode(), crops),
            encoded_per_s=Spread.of(encoded[name]) if encoded[name] else None,
            decoded_per_s=Spread.of(decoded[name]),
        )
        for name, way in ways.items()
    }


def measure(video: Path | None, *, num_crops: int, num_repeats: int) -> Measured:
    """Make crops by every picture recipe and measure what they cost."""
    machine = this_machine(libraries=("pillow", "pyarrow", "torch", "torchvision"))
    frames = draw_faces(num_crops) if video is None else film_frames(video, num_crops)
    found = FaceDetector().detect(frames)
    torch.set_num_threads(1)
    costs, num_faces = {}, {}
    for name, recipe in RECIPES.items():
        cut = [
            crop_first_face(frame, faces_in_field(frame, faces, recipe), recipe)
            for frame, faces in zip(frames, found, strict=True)
        ]
        num_faces[name] = sum(crop is not None for crop in cut)
        crops = [
            crop_centre(frame, recipe) if crop is None else crop
            for frame, crop in zip(frames, cut, strict=True)
        ]
        with warnings.catch_warnings():
            # torchvision deprecates its decoder in favour of TorchCodec, but it still works.
            warnings.filterwarnings("ignore", message="The image decoding and encoding cap")
            costs[name] = measure_costs(crops, num_repeats)
    return Measured(
        machine=machine,
        origin="drawn faces" if video is None else video.name,
        num_crops=len(frames),
        num_faces=num_faces,
        costs=costs,
    )


def crops_stored_per_hour(recipe: Recipe) -> float:
    """Count the stored crops of an hour of speech: all candidates of each window."""
    return 3600 / recipe.window_s * len(recipe.candidates)


def crops_read_per_hour(recipe: Recipe) -> float:
    """Count the crops of an hour of speech that an epoch reads: one for each window."""
    return 3600 / recipe.window_s


def show(measured: Measured, console: Console) -> None:
    """Print the cost of each way, for one crop and for a corpus."""
    faces = ", ".join(f"{name} {num}" for name, num in measured.num_faces.items())
    some = next(iter(measured.costs.values()))[RAW]
    console.print(
        f"{measured.machine}; one core\n{measured.num_crops} crops a recipe from "
        f"{measured.origin}, with a face: {faces}; n = {some.decoded_per_s.num}, "
        "median (least to most)\n",
        soft_wrap=True,
    )
    table = markdown_table(
        "crop",
        "stored as",
        "bytes/crop",
        "encoded/s",
        "decoded/s",
        "mean error, of 255",
        f"GiB for {HOURS} h",
        f"s to read {HOURS} h once",
    )
    for name, costs in measured.costs.items():
        recipe = RECIPES[name]
        for way, cost in costs.items():
            stored_bytes = HOURS * crops_stored_per_hour(recipe) * cost.bytes_per_crop
            read_s = HOURS * crops_read_per_hour(recipe) / cost.decoded_per_s.median
            table.add_row(
                f"{recipe.face_px} px (`{name}`)",
                way,
                f"{cost.bytes_per_crop:,.0f}",
                "" if cost.encoded_per_s is None else f"{cost.encoded_per_s:,.0f}",
                f"{cost.decoded_per_s:,.0f}",
                f"{cost.pixel_error:.2f}",
                f"{stored_bytes / 2**30:.2f}",
                f"{read_s:.1f}",
            )
    console.print(table)


@click.command()
@click.option(
    "--media",
    "video",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Take frames of this video instead of drawn ones.",
)
@click.option("--crops", type=click.IntRange(min=1), default=64, show_default=True)
@click.option("--repeats", type=click.IntRange(min=1), default=5, show_default=True)
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="Also write this file.")
def main(video: Path | None, crops: int, repeats: int, json_file: Path | None) -> None:
    """Measure what face crops cost as raw pixels and as JPEG."""
    measured = measure(video, num_crops=crops, num_repeats=repeats)
    show(measured, Console(highlight=False, width=200))
    if json_file is not None:
        json_file.write_text(json.dumps(asdict(measured), indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
