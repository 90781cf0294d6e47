"""A media file, opened so that nothing but this file is read."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import av
from av.container import InputContainer

from corpora.media.limits import MAX_PIXELS
from corpora.source.errors import MediaError
from corpora.source.rejects import RejectReason

DAMAGE = (av.FFmpegError, OSError, ValueError)
"""What PyAV raises where a file cannot be read or decoded."""

_NOTHING_ELSE = {"protocol_whitelist": "none"}
"""FFmpeg may open no address and no file by itself; it reads the file that we opened."""

_PLAYLISTS = (b"#EXTM3U", b"ffconcat", b"[playlist]", b"<MPD", b"v=0\r\n", b"v=0\n")
_PLAYLIST_BYTES = 1_024


@contextmanager
def open_media(path: Path) -> Iterator[InputContainer]:
    """Open a media file.

    FFmpeg gets the open file instead of its name. So a name such as `http:...` or `concat:...` is a
    name, and a file that only lists other files or addresses cannot be played.

    Raises:
        MediaError: If it is unreadable, or a playlist.
    """
    with ExitStack() as stack:
        try:
            file = stack.enter_context(path.open("rb"))
            _refuse_playlist(file)
            container = stack.enter_context(_open(file))
        except DAMAGE as error:
            raise MediaError(RejectReason.UNREADABLE, str(error)) from error
        yield container


def _open(file: BinaryIO) -> InputContainer:
    kwargs: dict[str, Any] = {}
    if int(av.__version__.partition(".")[0]) < 19:  # later ones never fail at a file's metadata
        kwargs["metadata_errors"] = "replace"
    return av.open(
        file,
        mode="r",
        options={"max_pixels": str(MAX_PIXELS)},
        container_options=_NOTHING_ELSE,
        **kwargs,
    )


def _refuse_playlist(file: BinaryIO) -> None:
    head = file.read(_PLAYLIST_BYTES).removeprefix(b"\xef\xbb\xbf").lstrip()
    file.seek(0)
    if head.startswith(_PLAYLISTS) or (head.startswith(b"<?xml") and b"<MPD" in head):
        raise MediaError(
            RejectReason.UNREADABLE,
            "it is a playlist, a list of other files: name the media files themselves",
        )
