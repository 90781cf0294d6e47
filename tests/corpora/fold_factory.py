"""Clips that are dealt into folds."""

from collections.abc import Sequence

from tests.corpora.media_factory import clip_lines

SPEAKERS = ("ann", "bob", "cy")


def spoken_lines(
    *, per_split: int = 8, speakers: Sequence[str] = SPEAKERS
) -> list[dict[str, object]]:
    """List utterances whose speakers, an odd number of them, take turns; each has both emotions."""
    lines = clip_lines(per_split=per_split)
    for number, line in enumerate(lines):
        line |= {"speaker": speakers[number % len(speakers)]}
        line |= {"happy": number // len(speakers) % 2, "sad": number % 2}
    return lines
