"""Every corpus that can be read, as a folder that a test can lay out."""

import csv
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from corpora.iemocap.dai import read_dai_iemocap
from corpora.iemocap.release import read_iemocap
from corpora.meld.release import read_meld
from corpora.mosei.dai import read_dai_mosei
from corpora.mosei.release import read_mosei
from corpora.readers.clip_folder import read_clips
from corpora.source.rejects import RejectReason
from corpora.source.utterance import Source
from corpora.synthetic.clip import write_clip
from corpora.synthetic.forms import EMOTIONS
from tests.corpora.dai_release_factory import write_dai_iemocap, write_dai_mosei
from tests.corpora.laid_utterances import (
    LaidUtterance,
    Track,
    iemocap_utterances,
    meld_utterances,
    mosei_utterances,
    plain,
)
from tests.corpora.raw_iemocap_factory import write_raw_iemocap, write_split_lists
from tests.corpora.raw_meld_factory import write_raw_meld
from tests.corpora.raw_mosei_factory import write_raw_mosei

RELEASE, LISTS = "release", "lists"


@dataclass(frozen=True)
class Layout:
    """A corpus: which utterances it has, and how its folder is written and read."""

    name: str
    utterances: Callable[[Callable[[int], Track]], list[LaidUtterance]]
    write_release: Callable[[Path, Sequence[LaidUtterance]], Path]
    read: Callable[[Path], Source]
    padding_s: float = 0.0
    """How much longer a file may be than what was said: sound is padded to whole packets."""

    def write(self, folder: Path, utterances: Sequence[LaidUtterance] | None = None) -> Path:
        """Write the release, by default of plain utterances, and its id lists."""
        utterances = self.utterances(plain) if utterances is None else utterances
        self.write_release(folder / RELEASE, utterances)
        write_split_lists(folder / LISTS, utterances)
        return folder


def outcomes(source: Source) -> dict[str, tuple[RejectReason, str | None]]:
    """Say of each utterance that cannot be used why, and of which split it would be."""
    return {reject.utterance: (reject.reason, reject.split) for reject in source.rejects}


def write_clips(folder: Path, utterances: Sequence[LaidUtterance]) -> Path:
    """Write a clip folder with a file an utterance."""
    folder.mkdir(parents=True)
    columns = ["utterance", "file", "start", "end", "text", "split", *EMOTIONS]
    with (folder / "clips.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        for utterance in utterances:
            media, end_s = f"{utterance.id}.mp4", utterance.end_s - utterance.start_s
            write_clip(folder / media, utterance.frames, utterance.wave)
            cells = [utterance.id, media, 0, end_s, utterance.text, utterance.split]
            writer.writerow([*cells, *utterance.labels])
    return folder


LAYOUTS = (
    Layout("clips", mosei_utterances, write_clips, lambda folder: read_clips(folder / RELEASE)),
    Layout(
        "iemocap",
        iemocap_utterances,
        write_raw_iemocap,
        lambda folder: read_iemocap(folder / RELEASE, splits=folder / LISTS),
    ),
    Layout(
        "mosei",
        mosei_utterances,
        write_raw_mosei,
        lambda folder: read_mosei(folder / RELEASE, splits=folder / LISTS),
    ),
    Layout(
        "meld",
        meld_utterances,
        write_raw_meld,
        lambda folder: read_meld(folder / RELEASE),
        padding_s=0.07,
    ),
    Layout(
        "dai-iemocap",
        iemocap_utterances,
        write_dai_iemocap,
        lambda folder: read_dai_iemocap(folder / RELEASE),
    ),
    Layout(
        "dai-mosei",
        mosei_utterances,
        write_dai_mosei,
        lambda folder: read_dai_mosei(folder / RELEASE),
    ),
)
