"""How long a media file lasts."""

from contextlib import suppress
from pathlib import Path

import av

from corpora.media.container import DAMAGE, open_media
from corpora.media.joints import joined_s
from corpora.source.errors import MediaError
from corpora.source.rejects import RejectReason


def read_duration_s(path: Path) -> float:
    """Read the duration of a file in seconds; its longest stream decides.

    If the container does not state it, as in recordings of a live stream, the packets do; those
    after a place where the file is broken do not count. Recordings that were joined last as long as
    all of them.

    Raises:
        MediaError: If the file is unreadable, or nothing in it has a duration.
    """
    with open_media(path) as container:
        together_s = joined_s(path, container)
        if together_s is not None:
            return together_s
        if container.duration:
            return container.duration / av.time_base
        end_s = 0.0
        with suppress(*DAMAGE):
            for packet in container.demux():
                if packet.pts is not None and packet.time_base:
                    end = (packet.pts + (packet.duration or 0)) * packet.time_base
                    end_s = max(end_s, float(end))
        duration_s = end_s - (container.start_time or 0) / av.time_base
    if duration_s <= 0:
        raise MediaError(RejectReason.UNREADABLE, "nothing in it lasts for any time")
    return duration_s
