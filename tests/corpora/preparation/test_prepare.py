from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from corpora.forms.detections import sha256_beside
from corpora.forms.faces import FaceDetector
from corpora.media.segments import ImageSequence, SoundSegment
from corpora.preparation.prepare import PartMaker, Parts, prepare, run_here
from corpora.readers.clip_folder import read_clips
from corpora.recipes.pictures import ALL_RECIPES, DAI, LE, Compat, Recipe
from corpora.source.digest import sha256_of
from corpora.source.errors import CorpusError
from corpora.source.notes import Note, unnoted
from corpora.source.rejects import Remark
from corpora.source.split import SPLITS, Split
from corpora.source.utterance import Utterance
from corpora.store.folders import (
    DETECTIONS_FILE,
    MANIFEST_FILE,
    prepared_names,
    recipe_folder,
    split_file,
)
from corpora.store.manifest import Manifest
from corpora.store.prepared import read_manifest
from corpora.store.splits import check_splits
from tests.corpora.media.drawn import remux, tone, write_waves
from tests.corpora.media_factory import clip_lines, write_clip_folder, write_sound, write_video


def prepare_folder(tmp_path: Path, lines: list[dict[str, object]], recipe: Recipe = LE) -> Manifest:
    source = read_clips(write_clip_folder(tmp_path / "clips", lines))
    return prepare(source, [recipe], name="mine", storage=tmp_path / "storage")[recipe.name]


def rows(storage: Path, split: Split) -> list[dict[str, object]]:
    with pa.memory_map(str(split_file(recipe_folder(storage, "mine", "le"), split))) as file:
        table: list[dict[str, object]] = pa.ipc.open_file(file).read_all().to_pylist()
        return table


def test_prepared_corpus_holds_every_clip_in_the_order_of_the_csv(tmp_path: Path) -> None:
    manifest = prepare_folder(tmp_path, clip_lines())
    assert manifest == read_manifest(tmp_path / "storage", "mine", "le")
    assert prepared_names(tmp_path / "storage") == ["mine"]
    found = rows(tmp_path / "storage", "valid")
    assert [row["utterance"] for row in found] == ["valid0", "valid1", "valid2", "valid3"]
    assert [row["labels"] for row in found] == [[0, 0], [1, 0], [0, 1], [1, 1]]
    assert found[1]["text"] == "this is number 1"
    assert found[0]["num_faces"] == 2  # at 0 s and 1 s of 1.2 s
    assert found[0]["num_chunks"] == 4  # 97 frames of 32
    faces = np.array(found[0]["faces"]).reshape(2, 3, 64, 64)
    assert faces[1].mean() == pytest.approx(100, abs=2)  # the 11th frame of the clip
    assert np.array(found[0]["mels"]).shape == (4 * 128 * 32,)


def test_manifest_counts_what_it_holds(tmp_path: Path) -> None:
    counts = prepare_folder(tmp_path, clip_lines()).splits["test"]
    assert (counts.num_utterances, counts.num_frames, counts.num_chunks) == (4, 8, 16)
    assert counts.num_frames_with_face == 0
    assert counts.positives == {"happy": 2, "sad": 2}
    assert counts.seconds == pytest.approx(4.8)
    assert counts.remarks[Remark.NO_FACE] == 4


def test_clips_that_lack_something_are_kept_and_counted(tmp_path: Path) -> None:
    folder = tmp_path / "clips"
    write_video(folder / "silent.mp4", sound_hz=None)
    silent, short, early, *others = clip_lines()
    lines = [
        silent | {"file": "silent.mp4"},
        short | {"end": 0.5},
        early | {"end": 9.0},
        *others,
    ]
    manifest = prepare_folder(tmp_path, lines)
    remarks = manifest.splits["train"].remarks
    assert remarks[Remark.NO_SOUND] == remarks[Remark.SHORT] == remarks[Remark.ENDS_EARLY] == 1
    assert not manifest.rejects
    assert np.array(rows(tmp_path / "storage", "train")[0]["mels"]).max() == 0


def test_clips_that_cannot_be_used_are_rejected_and_listed(tmp_path: Path) -> None:
    folder = tmp_path / "clips"
    folder.mkdir()
    write_sound(folder / "sound.wav")
    (folder / "broken.mp4").write_bytes(b"no video")
    first, second, third, *others = clip_lines(per_split=8)
    lines = [
        first | {"file": "broken.mp4"},
        second | {"file": "sound.wav"},
        third | {"start": 50, "end": 51},
        *others,
    ]
    manifest = prepare_folder(tmp_path, lines)
    assert [(r.utterance, r.reason.value) for r in manifest.rejects] == [
        ("train0", "unreadable"),
        ("train1", "no_video"),
        ("train2", "outside_the_file"),
    ]
    assert manifest.splits["train"].num_utterances == 5


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda line: line | {"split": "train"} if line["split"] == "test" else line,
            "split 'test' is empty",
        ),
        (
            lambda line: line | {"sad": 0} if line["split"] == "valid" else line,
            "split 'valid' has no positive of the emotion 'sad'",
        ),
    ],
    ids=["empty split", "class without positives"],
)
def test_split_that_cannot_be_used_is_an_error_and_leaves_nothing(
    tmp_path: Path, change: object, message: str
) -> None:
    assert callable(change)
    with pytest.raises(CorpusError, match=message):
        prepare_folder(tmp_path, [change(line) for line in clip_lines()])
    assert not list((tmp_path / "storage").glob("**/*.*"))


def test_rejects_that_empty_a_split_are_an_error_that_lists_them(tmp_path: Path) -> None:
    (tmp_path / "clips").mkdir()
    (tmp_path / "clips" / "broken.mp4").write_bytes(b"no video")
    lines = [
        line | {"file": "broken.mp4"} if line["split"] == "test" else line for line in clip_lines()
    ]
    with pytest.raises(CorpusError, match=r"(?s)'test' is empty, after.*test0: unreadable"):
        prepare_folder(tmp_path, lines)
    assert prepared_names(tmp_path / "storage") == []


def test_same_corpus_is_not_prepared_twice_and_a_changed_one_is_replaced(tmp_path: Path) -> None:
    first = prepare_folder(tmp_path, clip_lines())
    file = split_file(recipe_folder(tmp_path / "storage", "mine", "le"), "train")
    written = file.stat().st_mtime_ns
    assert prepare_folder(tmp_path, clip_lines()) == first
    assert file.stat().st_mtime_ns == written
    line, *others = clip_lines()
    changed = prepare_folder(tmp_path, [line | {"text": "something else"}, *others])
    assert changed.fingerprint != first.fingerprint
    assert rows(tmp_path / "storage", "train")[0]["text"] == "something else"


def test_other_settings_give_another_fingerprint(tmp_path: Path) -> None:
    first = prepare_folder(tmp_path, clip_lines())
    other = prepare_folder(tmp_path, clip_lines(), LE.model_copy(update={"face_px": 96}))
    assert first.fingerprint != other.fingerprint


def test_unfinished_parts_of_other_settings_go_and_those_of_another_corpus_stay(
    tmp_path: Path,
) -> None:
    corpora = tmp_path / "storage" / "corpora"
    ours, others = corpora / f".mine-{'0a' * 8}", corpora / f".mine-too-{'0a' * 8}"
    for folder in (ours, others):
        folder.mkdir(parents=True)
    prepare_folder(tmp_path, clip_lines())
    assert [path.name for path in corpora.glob(".mine*")] == [others.name]


def test_corpus_that_is_not_prepared_is_told_with_the_choices(tmp_path: Path) -> None:
    prepare_folder(tmp_path, clip_lines())
    with pytest.raises(CorpusError, match=r"'other' is not prepared .* choose from mine"):
        read_manifest(tmp_path / "storage", "other", "le")


def test_recipes_of_one_pass_give_what_each_gives_alone(tmp_path: Path) -> None:
    source = read_clips(write_clip_folder(tmp_path / "clips"))
    recipes = ALL_RECIPES.values()
    together = prepare(source, [*recipes], name="mine", storage=tmp_path / "together")
    for recipe in recipes:
        alone = prepare(source, [recipe], name="mine", storage=tmp_path / recipe.name)
        assert together[recipe.name] == alone[recipe.name]
        for split in SPLITS:
            files = (
                split_file(recipe_folder(tmp_path / folder, "mine", recipe.name), split)
                for folder in ("together", recipe.name)
            )
            first, second = (file.read_bytes() for file in files)
            assert first == second


def test_killed_preparation_goes_on_with_the_missing_parts(tmp_path: Path) -> None:
    source = read_clips(write_clip_folder(tmp_path / "clips", clip_lines(per_split=12)))
    made: list[int] = []

    def run(maker: PartMaker, parts: Parts) -> Iterator[int]:
        for number in run_here(maker, parts):
            made.append(number)
            if len(made) == 3:
                raise KeyboardInterrupt
            yield number

    with pytest.raises(KeyboardInterrupt):
        prepare(source, [LE], name="mine", storage=tmp_path, run=run)
    assert prepared_names(tmp_path) == []
    seen: list[int] = []
    resumed = prepare(
        source, [LE], name="mine", storage=tmp_path, run=run, progress=lambda d, _: seen.append(d)
    )
    assert (made, seen[0]) == ([0, 1, 2, 3, 4], 24)
    whole = prepare(source, [LE], name="whole", storage=tmp_path)["le"]
    assert resumed["le"].splits == whole.splits
    assert [path.name for path in (tmp_path / "corpora").iterdir() if "." in path.name] == []


def flip_a_bit(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def test_damaged_part_is_told_and_made_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    source = read_clips(write_clip_folder(tmp_path / "clips", clip_lines(per_split=8)))
    made: list[list[int]] = []

    def run(maker: PartMaker, parts: Parts) -> Iterator[int]:
        made.append(list(parts))
        yield from run_here(maker, parts)
        if len(made) == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        prepare(source, [LE], name="mine", storage=tmp_path, run=run)
    (parts,) = (tmp_path / "corpora").glob(".mine-*")
    flip_a_bit(parts / "0" / "le.arrow")
    (parts / "2" / "part.json").write_bytes(b"\xff")
    resumed = prepare(source, [LE], name="mine", storage=tmp_path, run=run)
    assert made == [[0, 1, 2], [0, 2]]
    assert f"part '{parts / '0'}' is damaged: the SHA-256 of le.arrow is not" in caplog.text
    assert f"part '{parts / '2'}' is damaged: Invalid JSON" in caplog.text
    whole = prepare(source, [LE], name="whole", storage=tmp_path)
    assert resumed["le"].sha256 == whole["le"].sha256


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (
            lambda folder: flip_a_bit(folder / "test.arrow"),
            r"test.arrow' of corpus 'mine' is damag",
        ),
        (
            lambda folder: (folder / "test.arrow").unlink(),
            "test.arrow' of corpus 'mine' is damaged",
        ),
        (lambda folder: (folder / MANIFEST_FILE).write_bytes(b"\xff"), "manifest.json' is damaged"),
    ],
    ids=["a bit", "a file", "manifest"],
)
def test_corpus_with_a_damaged_file_is_told_and_prepared_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, damage: Callable[[Path], object], told: str
) -> None:
    first = prepare_folder(tmp_path, clip_lines())
    folder = recipe_folder(tmp_path / "storage", "mine", "le")
    damage(folder)
    assert prepare_folder(tmp_path, clip_lines()) == first
    assert told in caplog.text
    check_splits(folder, read_manifest(tmp_path / "storage", "mine", "le"))


def test_damaged_detections_are_told_and_made_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    source = read_clips(write_clip_folder(tmp_path / "clips"))
    prepare(source, [DAI], name="mine", storage=tmp_path)
    file = tmp_path / "corpora" / "mine" / DETECTIONS_FILE
    flip_a_bit(file)
    alone = prepare(source, [LE], name="alone", storage=tmp_path)["le"]
    assert prepare(source, [LE], name="mine", storage=tmp_path)["le"].sha256 == alone.sha256
    assert f"'{file}' is damaged: its SHA-256 is not the one in" in caplog.text
    assert sha256_beside(file).read_text() == sha256_of(file)


def test_faces_that_are_known_are_not_looked_for_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = read_clips(write_clip_folder(tmp_path / "clips"))
    alone = prepare(source, [LE], name="mine", storage=tmp_path / "alone")["le"]
    prepare(source, [DAI], name="mine", storage=tmp_path / "storage")
    monkeypatch.setattr(FaceDetector, "detect", lambda *_: pytest.fail("looks for faces"))
    again = prepare(source, [LE], name="mine", storage=tmp_path / "storage")["le"]
    assert again == alone


def test_corpus_of_another_kind_does_not_replace_one_by_accident(tmp_path: Path) -> None:
    source = read_clips(write_clip_folder(tmp_path / "clips"))
    prepare(source, [LE], name="mine", storage=tmp_path)
    with pytest.raises(CorpusError, match="of kind 'clips', not 'mosei': choose another name"):
        prepare(replace(source, kind="mosei"), [LE], name="mine", storage=tmp_path)


def test_speakers_and_groups_in_train_and_test_are_counted(tmp_path: Path) -> None:
    lines = [line | {"speaker": f"s{index % 4}"} for index, line in enumerate(clip_lines())]
    shared = prepare_folder(tmp_path, lines).shared
    assert (shared.num_groups, shared.num_speakers) == (4, 4)
    apart = [line | {"speaker": line["split"]} for line in clip_lines()]
    shared = prepare_folder(tmp_path, apart).shared
    assert (shared.num_groups, shared.num_speakers) == (0, 0)
    assert {each.test for each in shared.overlaps or ()} == {"test0", "test1", "test2", "test3"}


def no_images(split: Split) -> Utterance:
    """Make an utterance of the split `train`, `valid` or `test` that has sound and no image."""
    return Utterance(
        id=f"{split}-dark",
        pictures=ImageSequence((), rate_fps=2.0),
        sound=NoSound(),
        duration_s=2.5,
        text="dark",
        labels=(1, 1),
        split=split,
        group="g",
    )


def test_what_is_odd_in_media_is_counted_and_what_is_too_large_is_rejected(tmp_path: Path) -> None:
    folder = tmp_path / "clips"
    folder.mkdir()
    write_waves(folder / "sound.wav", [tone(2.0), -tone(2.0)])
    whole = write_video(folder / "whole.mkv", sound_hz=None, codec="mpeg4")
    whole = remux(whole, folder / "broken.mkv", lambda packet: packet.pts == 500)
    odd, endless, *others = clip_lines()
    lines = [odd | {"file": "broken.mkv"}, endless | {"end": 1e6}, *others]
    source = read_clips(write_clip_folder(folder, lines))
    first, *rest = source.utterances
    first = replace(first, sound=SoundSegment(folder / "sound.wav", 0.0, 1.2))
    odd_source = replace(source, utterances=(first, *rest))
    manifest = prepare(odd_source, [LE], name="mine", storage=tmp_path)["le"]
    remarks = manifest.splits["train"].remarks
    assert remarks[Remark.DAMAGED] == remarks[Remark.CHANNELS_CANCEL] == 1
    assert [(r.utterance, r.reason.value, r.detail) for r in manifest.rejects] == [
        ("train1", "too_large", "it lasts 1,000,000 s; the limit is 7,200 s")
    ]


class NoSound:
    files = ()

    def wave(self, *, rate_hz: int, note: Note = unnoted) -> None:
        return None


@pytest.mark.parametrize("recipe", ALL_RECIPES.values(), ids=lambda recipe: recipe.name)
def test_utterance_without_any_picture_is_kept_with_a_black_one(
    tmp_path: Path, recipe: Recipe
) -> None:
    source = read_clips(write_clip_folder(tmp_path / "clips"))
    dark = replace(source, utterances=(*source.utterances, no_images("test")))
    manifest = prepare(dark, [recipe], name="mine", storage=tmp_path)[recipe.name]
    assert manifest.splits["test"].remarks[Remark.NO_FRAMES] == 1
    dropping = recipe.model_copy(update={"compat": Compat(drop_empty=True)})
    manifest = prepare(dark, [dropping], name="mine", storage=tmp_path)[recipe.name]
    assert [(r.utterance, r.reason.value) for r in manifest.rejects] == [("test-dark", "no_video")]
