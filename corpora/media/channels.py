"""Channels of a sound: one of them, or their mean, and whether they cancel each other."""

from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from corpora.source.errors import MediaError
from corpora.source.rejects import RejectReason

_CANCELLED = 0.1
"""Channels cancel if their mean has less than this share of the power that unlike channels leave.

The mean of n channels that have nothing in common has a power of 1 / n of theirs.
"""

_SILENT = 1e-4
"""A channel is silent if it has less than this share of the loudest one's power (40 dB less)."""

_LOW = frozenset({"LFE", "LFE2"})
"""Channels of low frequencies alone, which are no place where anybody speaks."""

_FULL_SCALE = {"u8": 2.0**7, "s16": 2.0**15, "s32": 2.0**31, "s64": 2.0**63}
"""By the format of samples that are integers; those of u8 are shifted by as much."""


class Mixer:
    """Makes one channel of the frames of a sound: their own, the chosen one, or the mean.

    Of more than two channels, those of low frequencies are left out of the mean, and so are those
    that are silent in the whole segment: often all speech is in the centre.
    """

    def __init__(self, channel: int | None) -> None:
        self._channel = channel
        self._power = self._expected = 0.0
        self._power_of: dict[str, NDArray[np.float64]] = {}  # by layout, of each channel

    def mix(self, frame: av.AudioFrame, *, is_inside: bool) -> av.AudioFrame:
        """Make one channel of a frame; only those inside a segment tell which channels are silent.

        Raises:
            MediaError: If the frame does not have the chosen channel.
        """
        if self._channel is not None:
            return _take(frame, self._channel)
        if len(frame.layout.channels) == 1:
            return frame
        samples = _by_channel(frame)
        full_scale = _FULL_SCALE.get(frame.format.packed.name, 1.0)
        offset = full_scale if frame.format.packed.name == "u8" else 0.0
        floats = ((samples - offset) / full_scale).astype(np.float32)
        if len(floats) > 2:
            kept = [channel.name not in _LOW for channel in frame.layout.channels]
            floats = floats[kept] if any(kept) else floats
        mean = floats.mean(axis=0, keepdims=True)
        if is_inside:
            power_of = np.square(floats, dtype=np.float64).sum(axis=1)
            self._power += float(np.square(mean, dtype=np.float64).sum())
            self._expected += float(power_of.sum()) / len(floats) ** 2
            name = frame.layout.name
            self._power_of[name] = self._power_of.get(name, np.zeros(len(floats))) + power_of
        return _like(frame, mean, "fltp")

    @property
    def gain(self) -> float:
        """What makes the mean of all channels that of those that are not silent.

        It is 1 for up to two channels, and where a sound changes its channels on the way.
        """
        if len(self._power_of) != 1:
            return 1.0
        (power_of,) = self._power_of.values()
        if len(power_of) <= 2:
            return 1.0
        num_heard = int((power_of > _SILENT * power_of.max()).sum())
        return len(power_of) / num_heard if num_heard else 1.0

    @property
    def cancels(self) -> bool:
        """Whether the channels that were mixed cancel each other."""
        return self._power < _CANCELLED * self._expected


def _take(frame: av.AudioFrame, channel: int) -> av.AudioFrame:
    samples = _by_channel(frame)
    if channel >= len(samples):
        raise MediaError(
            RejectReason.UNREADABLE, f"channel {channel} is wanted, the sound has {len(samples)}"
        )
    return _like(frame, samples[channel : channel + 1], frame.format.planar.name)


def _by_channel(frame: av.AudioFrame) -> NDArray[Any]:
    """Return the samples of a frame.

    Shapes:
        -> (channels, samples)
    """
    samples = frame.to_ndarray()
    if frame.format.is_planar:
        return samples
    return samples.reshape(-1, len(frame.layout.channels)).T


def _like(frame: av.AudioFrame, samples: NDArray[Any], form: str) -> av.AudioFrame:
    """Make a frame of one channel that is heard when another one is."""
    made = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples), format=form, layout="mono")
    made.sample_rate, made.pts, made.time_base = frame.sample_rate, frame.pts, frame.time_base
    return made
