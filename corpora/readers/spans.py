"""The start and the end of an utterance, as a release writes them."""

import math

from corpora.source.errors import MediaError
from corpora.source.rejects import RejectReason


def read_span_s(start: str | float, end: str | float) -> tuple[float, float]:
    """Read two times in seconds; a time before the file's start is moved there.

    Raises:
        MediaError: If one cannot be read, or the utterance ends before it starts.
    """
    try:
        start_s, end_s = float(start), float(end)
    except ValueError as error:
        raise MediaError(
            RejectReason.BAD_LINE, f"'{start}' and '{end}' are not two times in seconds"
        ) from error
    if not (math.isfinite(start_s) and max(0.0, start_s) < end_s < math.inf):
        raise MediaError(RejectReason.BAD_LINE, f"its end, {end}, is not after its start, {start}")
    return max(0.0, start_s), end_s
