"""Write a sentence that holds given cue words and, if asked, words that reverse a face."""

from collections.abc import Collection

import numpy as np

CUE_WORDS: dict[str, tuple[str, ...]] = {
    "anger": ("outrageous", "unfair"),
    "disgust": ("gross", "rotten"),
    "fear": ("scary", "dangerous"),
    "happy": ("lovely", "wonderful"),
    "sad": ("lonely", "hopeless"),
    "surprise": ("sudden", "unexpected"),
}
PLAIN_WORDS = ("usual", "long", "short", "busy", "quiet", "ordinary")
REVERSALS = ("yeah right", "as if")
WHO = ("we", "they", "my friends", "the neighbours", "her parents", "some people")
DID = ("watched", "discussed", "described", "finished", "remembered", "mentioned")
WHAT = (
    "the movie", "the meeting", "the trip", "the dinner", "that story", "the game", "the concert",
    "the interview", "the party", "that lecture",
)  # fmt: skip
LINKS = ("it was", "it felt", "it seemed")


def write_sentence(
    emotions: Collection[str], *, reversing: bool, generator: np.random.Generator
) -> str:
    """Write a sentence of 6 to 11 words.

    Args:
        emotions: Each puts one of its cue words into the sentence, in random order.
        reversing: Whether it begins with words that say: do not believe my face.
        generator: Decides all else.
    """

    def pick(words: tuple[str, ...]) -> str:
        return words[generator.integers(len(words))]

    cues = [pick(CUE_WORDS[emotion]) for emotion in emotions] or [pick(PLAIN_WORDS)]
    generator.shuffle(cues)
    clause = f"{pick(WHO)} {pick(DID)} {pick(WHAT)}"
    sentence = f"{clause} {pick(LINKS)} {' and '.join(cues)}"
    return f"{pick(REVERSALS)} {sentence}" if reversing else sentence


def vocabulary() -> set[str]:
    """All words that a sentence may hold."""
    lists = (*CUE_WORDS.values(), PLAIN_WORDS, REVERSALS, WHO, DID, WHAT, LINKS, ("and",))
    return {word for phrases in lists for phrase in phrases for word in phrase.split()}
