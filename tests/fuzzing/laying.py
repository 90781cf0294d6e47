"""Where an input lies when it is read."""

from collections.abc import Callable, Sequence
from pathlib import Path


def in_file(name: str, read: Callable[[Path], object]) -> Callable[[Path, bytes], object]:
    """Write an input into a file of the folder, then read that file."""

    def read_one(folder: Path, content: bytes) -> object:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return read(path)

    return read_one


def beside(name: str, read: Callable[[Path], object]) -> Callable[[Path, bytes], object]:
    """Write an input into a file of the folder, then read the folder."""

    def read_one(folder: Path, content: bytes) -> object:
        return in_file(name, lambda _: read(folder))(folder, content)

    return read_one


def alone(*samples: bytes | str) -> Callable[[Path], Sequence[bytes]]:
    """Need nothing else than the input."""
    given = [one.encode() if isinstance(one, str) else one for one in samples]
    return lambda _: given


def as_text(read: Callable[[str], object]) -> Callable[[Path, bytes], object]:
    """Read an input as an argument of a command, whose bytes may be no UTF-8."""

    def read_one(_: Path, content: bytes) -> object:
        return read(content.replace(b"\0", b"").decode("utf-8", "surrogateescape"))

    return read_one
