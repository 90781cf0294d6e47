"""One clip outside any corpus, prepared and batched in memory as a model reads it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import torch
from tokenizers import Tokenizer

from corpora.batches.batch import Batch, HandcraftedBatch
from corpora.batches.corpus import CorpusSplit
from corpora.batches.gatherers import FeatureGatherer, PictureGatherer, picture_columns
from corpora.batches.transfer import num_threads
from corpora.batches.watched import WatchedForm
from corpora.features.sources import FeatureSources
from corpora.forms.seen import Seen
from corpora.media.duration import read_duration_s
from corpora.media.frames import has_pictures
from corpora.media.segments import NoMedia, SoundSegment, VideoSegment
from corpora.preparation.clip_pass import ClipPass, PassedClip
from corpora.preparation.form_makers import make_form_maker
from corpora.preparation.parts import clip_row
from corpora.recipes.columns import TEXT
from corpora.recipes.handcrafted import HandcraftedRecipe
from corpora.recipes.pictures import Recipe
from corpora.recipes.union import AnyRecipe
from corpora.source.errors import MediaError
from corpora.source.rejects import Reject, Remark
from corpora.source.utterance import Utterance
from corpora.store.prepared import schema_of


@dataclass(frozen=True)
class ReadClip:
    """One utterance, ready for a model.

    Attributes:
        batch: A batch of this utterance alone.
        num_frames: The number of windows, or of rows of face features.
        num_faces: How many of them show a face.
        remarks: What the clip lacks, or what is odd about it.
        details: Details of remarks in words, where there are any.
    """

    batch: Batch | HandcraftedBatch
    num_frames: int
    num_faces: int
    remarks: tuple[Remark, ...]
    details: Mapping[Remark, str]


class ClipReader:
    """Makes batches of single utterances, with a recipe and a model's tokenizer."""

    def __init__(
        self,
        recipe: AnyRecipe,
        feature_sources: FeatureSources,
        tokenizer: Tokenizer | None,
        device: torch.device,
    ) -> None:
        self.recipe = recipe
        self._tokenizer = tokenizer
        self._device = device
        self._make_form = make_form_maker(recipe, feature_sources, str(device))
        self._schema = schema_of(recipe, "multilabel")  # a clip outside any corpus has no labels
        self._clip_pass = ClipPass({recipe.name: self._make_form}, str(device))

    def widths(self) -> dict[str, int]:
        """Say how many numbers a row of features has, by modality; pictures have none."""
        if isinstance(self.recipe, Recipe):
            return {}
        form = self._make_form(_EMPTY)
        form.hear(None)
        return dict(form.finish().widths)

    def read(self, utterance: Utterance) -> ReadClip:
        """Decode and prepare an utterance; take the middle one of several candidate frames.

        Raises:
            MediaError: If `prepare` would reject it.
        """
        return self._read(self._clip_pass, utterance)

    def watch(self, utterance: Utterance) -> tuple[ReadClip, Seen]:
        """Read an utterance, and keep what was seen and heard.

        Raises:
            MediaError: If `prepare` would reject it.
            TypeError: If the recipe reads no media.
        """
        recipe = self.recipe
        if not isinstance(recipe, Recipe | HandcraftedRecipe):
            raise TypeError(f"recipe '{recipe.name}' reads no media")
        watched = WatchedForm(self._make_form(utterance), recipe)
        clip_pass = ClipPass({recipe.name: lambda _: watched}, str(self._device))
        return self._read(clip_pass, utterance), watched.seen

    def _read(self, clip_pass: ClipPass, utterance: Utterance) -> ReadClip:
        (passed,) = clip_pass.prepare([utterance])
        if isinstance(passed, Reject):
            raise MediaError(passed.reason, passed.detail)
        form = passed.forms[self.recipe.name]
        return ReadClip(
            batch=self._batch(passed, form.widths),
            num_frames=form.num_frames,
            num_faces=form.num_faces,
            remarks=form.remarks,
            details=form.details,
        )

    def _batch(self, passed: PassedClip, widths: Mapping[str, int]) -> Batch | HandcraftedBatch:
        table = pa.Table.from_batches([clip_row(passed, self.recipe.name, self._schema)])
        if isinstance(self.recipe, Recipe):
            columns = picture_columns(table, self.recipe, num_threads=num_threads(self._device))
            texts = table[TEXT].to_pylist()
            pictures = PictureGatherer(columns, self.recipe, texts, self._tokenizer)
            return next(CorpusSplit(table, pictures, self._device).in_order(1))
        features = FeatureGatherer(table, widths)
        return next(CorpusSplit(table, features, self._device).in_order(1))


def whole_file(
    path: Path, text: str, sound_track: int | None = None, *, needs_pictures: bool = True
) -> Utterance:
    """Make one utterance, without labels, of a whole media file.

    Args:
        path: The file.
        text: What is said in it.
        sound_track: The sound track to hear, the first is 1; by default the first.
        needs_pictures: Whether a file without video is refused when the utterance is read.

    Raises:
        MediaError: If it cannot be read.
    """
    duration_s = read_duration_s(path)
    are_seen = needs_pictures or has_pictures(path)
    return Utterance(
        id=path.name,
        pictures=VideoSegment(path, 0.0, duration_s) if are_seen else NoMedia(),
        sound=SoundSegment(path, 0.0, duration_s, track=sound_track),
        duration_s=duration_s,
        text=text,
        labels=(),
        split="test",
        group=path.name,
    )


def text_alone(name: str, text: str) -> Utterance:
    """Make one utterance, without labels, of a text, without pictures and sound."""
    return Utterance(
        id=name,
        pictures=NoMedia(),
        sound=NoMedia(),
        duration_s=0.0,
        text=text,
        labels=(),
        split="test",
        group=name,
    )


_EMPTY = text_alone("", "")
"""An utterance without frames and sound: its features still show how wide a recipe's rows are."""
