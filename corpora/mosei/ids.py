"""What an utterance id of CMU-MOSEI says: the video, and which clip of it."""

import re

from corpora.source.errors import MediaError
from corpora.source.rejects import RejectReason

_ID = re.compile(r"(?P<video>[^\x00-\x1f/\\]+)_[0-9]+")


def video_of(utterance_id: str) -> str:
    """Name the video: it may hold `_`, and begin with `-`.

    Raises:
        MediaError: If the id is not of the CMU-MOSEI form.
    """
    match = _ID.fullmatch(utterance_id)
    if match is None:
        raise MediaError(
            RejectReason.BAD_ID,
            f"'{utterance_id}' is no utterance id of CMU-MOSEI, which look like '-3g5yACwYnA_10'",
        )
    return match["video"]
