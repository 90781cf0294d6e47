"""Ways in which a file of a storage is damaged."""

import random
from collections.abc import Iterator, Sequence
from pathlib import Path

DAMAGES = ("emptied", "truncated", "bit flipped", "exchanged", "of another schema")


def damaged(
    content: bytes, siblings: Sequence[bytes], other: bytes, rng: random.Random, num_flips: int
) -> Iterator[tuple[str, bytes]]:
    """Give a file's content in each way of damage that changes it.

    Args:
        content: What the file holds.
        siblings: What other files of its kind hold.
        other: What a file of another kind, but of the same form, holds.
        rng: Draws where bits are flipped and where the file is cut.
        num_flips: How many bits are flipped, each alone.
    """
    if content:
        yield "emptied", b""
    if len(content) > 1:
        yield "truncated", content[: rng.randrange(1, len(content))]
    for _ in range(num_flips if content else 0):
        yield "bit flipped", flipped(content, rng.randrange(8 * len(content)))
    for sibling in siblings[:1]:
        if sibling != content:
            yield "exchanged", sibling
    yield "of another schema", other


def flipped(content: bytes, bit: int) -> bytes:
    """Change one bit."""
    at, of_byte = divmod(bit, 8)
    return content[:at] + bytes([content[at] ^ (1 << of_byte)]) + content[at + 1 :]


def other_schema(path: Path, parquet: bytes) -> bytes:
    """Return what a file of that suffix holds if it is something else."""
    match path.suffix:
        case ".parquet":
            return parquet
        case ".json":
            return b'{"schema_version": 999, "name": "something else", "values": [1, 2, 3]}\n'
        case _:
            return b"something else\n"
