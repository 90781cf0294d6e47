"""Limits of what is read: a small file may ask for more memory than any machine has."""

from corpora.source.errors import MediaError
from corpora.source.rejects import RejectReason

MAX_PIXELS = 2**26
"""Of one picture: 8,192 x 8,192."""

MAX_UTTERANCE_S = 7_200.0
"""Of one utterance; its sound is in memory as a whole."""

MAX_FILE_S = 1e7
"""How late in a file an utterance may start: 115 days."""

MAX_SAMPLE_RATE_HZ = 768_000
MAX_CHANNELS = 64


def check_pixels(width: int, height: int) -> None:
    """Check the size of a picture.

    Raises:
        MediaError: If it is too large.
    """
    if width * height > MAX_PIXELS:
        raise _too_large(f"a picture has {width:,} x {height:,} pixels", f"{MAX_PIXELS:,} pixels")


def check_length(seconds: float) -> None:
    """Check the length of an utterance.

    Raises:
        MediaError: If it is too long.
    """
    if not seconds <= MAX_UTTERANCE_S:
        raise _too_large(f"it lasts {seconds:,.0f} s", f"{MAX_UTTERANCE_S:,.0f} s")


def check_start(start_s: float) -> None:
    """Check where in a file an utterance starts.

    Raises:
        MediaError: If no file is so long.
    """
    if not start_s <= MAX_FILE_S:
        raise MediaError(
            RejectReason.OUTSIDE, f"it starts at {start_s:g} s, and no file is longer than 115 days"
        )


def check_sound(rate_hz: int, num_channels: int) -> None:
    """Check the sampling rate of a sound, and the number of its channels.

    Raises:
        MediaError: If one of them is too large.
    """
    if rate_hz > MAX_SAMPLE_RATE_HZ:
        raise _too_large(f"its sound has {rate_hz:,} samples a second", f"{MAX_SAMPLE_RATE_HZ:,}")
    if num_channels > MAX_CHANNELS:
        raise _too_large(f"its sound has {num_channels:,} channels", str(MAX_CHANNELS))


def _too_large(what: str, limit: str) -> MediaError:
    return MediaError(RejectReason.TOO_LARGE, f"{what}; the limit is {limit}")
