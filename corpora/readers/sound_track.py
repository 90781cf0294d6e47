"""Another sound track than the first, where files have several."""

import hashlib
from dataclasses import replace

from corpora.media.segments import SoundSegment
from corpora.source.utterance import Source, Utterance


def on_sound_track(source: Source, track: int) -> Source:
    """Let all utterances be heard on a sound track of their files; the first is 1.

    The digest of the source changes with it.
    """
    name = f"{source.digest} on sound track {track}"
    return replace(
        source,
        utterances=tuple(_heard_on(utterance, track) for utterance in source.utterances),
        digest=hashlib.sha256(name.encode()).hexdigest(),
    )


def _heard_on(utterance: Utterance, track: int) -> Utterance:
    if not isinstance(utterance.sound, SoundSegment):
        return utterance
    return replace(utterance, sound=replace(utterance.sound, track=track))
