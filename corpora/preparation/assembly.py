"""From finished parts to a prepared corpus: the files of its splits and the manifest."""

import os
import uuid
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack, closing
from importlib.metadata import version
from pathlib import Path

import pyarrow as pa

from corpora.forms.detections import schema_for, sha256_beside
from corpora.parsing.sealed import sealed
from corpora.preparation.code import preparation_digest
from corpora.preparation.lacking import lacking, not_on
from corpora.preparation.parts import FormReport, PartFolder, parts_of
from corpora.recipes.handcrafted import HandcraftedRecipe
from corpora.recipes.union import AnyRecipe
from corpora.source.digest import sha256_of
from corpora.source.errors import CorpusError
from corpora.source.label_space import LabelSpace, Range
from corpora.source.labels import check_labels
from corpora.source.rejects import Reject, Remark
from corpora.source.split import SPLITS, Split
from corpora.source.utterance import Source, Utterance
from corpora.store.folders import DETECTIONS_FILE, MANIFEST_FILE, split_file
from corpora.store.label_counts import bounds_of, count_positives, count_targets
from corpora.store.manifest import Manifest, SplitCounts, fingerprint_of, shared_between
from corpora.store.prepared import schema_of
from corpora.store.remarked import Remarked, write_remarked
from corpora.store.splits import hash_splits

BLOCK_BYTES, BLOCK_ROWS = 64 * 2**20, 256

RECORDED_LIBRARIES = ("av", "facenet-pytorch", "numpy", "pillow", "torch", "torchaudio")


class _SplitWriter:
    """Writes rows in blocks; a reader's memory grows with the number of blocks."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self._schema = schema
        self._writer = pa.ipc.new_file(os.fspath(path), schema)
        self._rows: list[pa.RecordBatch] = []
        self._num_bytes = 0

    def add(self, row: pa.RecordBatch) -> None:
        self._rows.append(row)
        self._num_bytes += row.nbytes
        if self._num_bytes >= BLOCK_BYTES or len(self._rows) == BLOCK_ROWS:
            self._write()

    def close(self) -> None:
        self._write()
        self._writer.close()

    def _write(self) -> None:
        table = pa.Table.from_batches(self._rows, self._schema).combine_chunks()
        for batch in table.to_batches():
            self._writer.write_batch(batch)
        self._rows, self._num_bytes = [], 0


class _Tally:
    """Counts what goes into one split."""

    def __init__(self) -> None:
        self.sums: Counter[str] = Counter()
        self.seconds = 0.0
        self.labels: list[tuple[float, ...]] = []

    def add(self, utterance: Utterance, report: FormReport) -> None:
        self.sums["utterances"] += 1
        self.sums["frames"] += report.num_frames
        self.sums["faces"] += report.num_faces
        self.sums["chunks"] += report.num_chunks
        self.seconds += utterance.duration_s
        self.labels.append(utterance.labels)

    def counts(
        self, labels: LabelSpace, bounds: Sequence[Range], remarks: Counter[Remark]
    ) -> SplitCounts:
        return SplitCounts(
            num_utterances=self.sums["utterances"],
            num_frames=self.sums["frames"],
            num_frames_with_face=self.sums["faces"],
            num_chunks=self.sums["chunks"],
            seconds=round(self.seconds, 3),
            positives=count_positives(labels, self.labels),
            remarks={remark: remarks[remark] for remark in Remark},
            targets=count_targets(labels, self.labels, bounds),
        )


def assemble(
    source: Source, parts: PartFolder, recipe: AnyRecipe, *, name: str, folder: Path
) -> Manifest:
    """Join the parts into the files of the splits, and write the manifest beside them.

    Args:
        source: What was prepared.
        parts: All its parts, finished.
        recipe: One of the recipes that the parts were prepared by.
        name: The corpus's name.
        folder: Where the corpus appears when it is complete.

    Raises:
        CorpusError: If rejects have left a split empty or without an emotion or class.
    """
    partial = parts.new_folder()
    tallies = {split: _Tally() for split in SPLITS}
    rejects, kept = list(source.rejects), []
    remarked: list[Remarked] = []
    widths: dict[str, int] = {}
    schema = schema_of(recipe, source.task)
    with ExitStack() as stack:
        writers = {
            split: stack.enter_context(closing(_SplitWriter(split_file(partial, split), schema)))
            for split in SPLITS
        }
        for number, utterances in enumerate(parts_of(source)):
            report = parts.report(number)
            rejects += report.rejects
            clips = [clip for clip in utterances if clip.id in report.kept]
            rows = parts.rows(number, f"{recipe.name}.arrow")
            for clip, row in zip(clips, rows, strict=True):
                writers[clip.split].add(row)
                form = report.kept[clip.id][recipe.name]
                tallies[clip.split].add(clip, form)
                remarked += [
                    Remarked(
                        utterance=clip.id,
                        split=clip.split,
                        remark=remark,
                        detail=form.details.get(remark, ""),
                    )
                    for remark in form.remarks
                ]
                widths = form.widths
            kept += clips
    _check_kept(kept, source.labels, name, rejects)
    without = lacking(source, recipe, kept, remarked)
    remarked = not_on(remarked, without)
    bounds = bounds_of(source.labels, kept)
    manifest = Manifest(
        name=name,
        kind=source.kind,
        fingerprint=fingerprint_of(source.digest, recipe),
        recipe=recipe,
        emotions=source.emotions,
        splits={
            split: tally.counts(source.labels, bounds, _count(remarked, split))
            for split, tally in tallies.items()
        },
        widths=widths,
        shared=shared_between(kept),
        rejects=tuple(rejects),
        left_out=dict(source.left_out),
        libraries={library: version(library) for library in _libraries(recipe)},
        sha256=hash_splits(partial),
        code_digest=preparation_digest(),
        task=source.task,
        label_range=source.labels.range,
        has_dialogues=source.has_dialogues,
        without=without,
    )
    write_remarked(partial, remarked)
    (partial / MANIFEST_FILE).write_bytes(sealed(manifest))
    _move_into_place(folder, partial)
    return manifest


def _libraries(recipe: AnyRecipe) -> tuple[str, ...]:
    has_encoders = isinstance(recipe, HandcraftedRecipe) and bool(recipe.encoders)
    return (*RECORDED_LIBRARIES, *(("transformers",) if has_encoders else ()))


def _count(remarked: Sequence[Remarked], split: Split) -> Counter[Remark]:
    return Counter(each.remark for each in remarked if each.split == split)


def assemble_detections(source: Source, parts: PartFolder, file: Path) -> None:
    """Store the faces that were found, for later recipes."""
    partial = parts.path / DETECTIONS_FILE
    with pa.ipc.new_file(os.fspath(partial), schema_for(source.digest)) as writer:
        for number in sorted(parts.finished()):
            for row in parts.rows(number, DETECTIONS_FILE):
                writer.write_batch(row)
    hashed = sha256_beside(file)
    hashed.unlink(missing_ok=True)  # else a kill would leave it beside another file
    partial.replace(file)
    hashed.write_text(sha256_of(file), encoding="ascii")


def _check_kept(
    kept: Sequence[Utterance], labels: LabelSpace, name: str, rejects: Sequence[Reject]
) -> None:
    """Check the labels once more: rejects may have emptied a split."""
    try:
        check_labels(kept, labels, name)
    except CorpusError as error:
        listed = "\n".join(f"  {r.utterance}: {r.reason}, {r.detail}" for r in rejects)
        raise CorpusError(f"{error}, after these clips were rejected:\n{listed}") from error


def _move_into_place(folder: Path, partial: Path) -> None:
    """Move a finished corpus into its place; a reader keeps the files that it has open.

    A kill between the two renames leaves no corpus; then `prepare` makes it again.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    if folder.exists():
        folder.rename(partial.with_name(f".{uuid.uuid4().hex}"))
    partial.rename(folder)
