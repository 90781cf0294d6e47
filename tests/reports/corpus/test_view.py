import numpy as np
import pytest
from rich.console import Console

from corpora.recipes.handcrafted import HandcraftedRecipe
from corpora.recipes.pictures import DAI, LE, Compat
from corpora.source.rejects import Reject, RejectReason, Remark
from corpora.store.manifest import Manifest, Shared
from corpora.store.overlaps import Overlap
from reports.corpus.view import MAX_REJECTS, corpus_view
from tests.corpora.manifest_factory import (
    make_manifest,
    make_target_manifest,
    published_manifest,
)


def text_of(*manifests: Manifest) -> str:
    """Print as into a pipe, where no terminal tells its width."""
    console = Console(width=80, markup=False, emoji=False)
    with console.capture() as capture:
        console.print(corpus_view(manifests))
    return capture.get()


def lines_of(*manifests: Manifest) -> list[str]:
    return [" ".join(line.split()) for line in text_of(*manifests).splitlines()]


def make_rejects(count: int) -> tuple[Reject, ...]:
    return tuple(
        Reject(utterance=f"gone{n}", split=None, reason=RejectReason.NO_FILE, detail="no [/b]")
        for n in range(count)
    )


def test_sizes_are_shown_by_split_and_together() -> None:
    lines = lines_of(make_manifest())
    assert "utterances 6 2 4 12" in lines
    assert "minutes 0.3 0.1 0.2 0.6" in lines
    assert "mean seconds 3.00 3.00 3.00 3.00" in lines
    assert "windows 18 6 12 36" in lines
    assert "with a face 12 (66.7%) 4 (66.7%) 8 (66.7%) 24 (66.7%)" in lines
    assert "sound chunks 48 16 32 96" in lines


def test_labels_are_shown_with_their_shares() -> None:
    lines = lines_of(make_manifest())
    assert "happy 3 (50.0%) 1 (50.0%) 2 (50.0%) 6 (50.0%)" in lines
    assert "sad 2 (33.3%) 1 (50.0%) 1 (25.0%) 4 (33.3%)" in lines


def test_remarks_are_counted() -> None:
    manifest = make_manifest()
    manifest.splits["test"].remarks[Remark.NO_SOUND] = 1
    assert "no sound 0 (0.0%) 0 (0.0%) 1 (25.0%) 1 (8.3%)" in lines_of(manifest)


def test_what_recipes_have_in_common_is_shown_once() -> None:
    first = make_manifest()
    second = make_manifest(recipe=DAI, fingerprint="beef" * 16)
    text = text_of(first, second)
    assert "corpus 'mine' (clips), recipes 'le', 'dai'\n" in text
    assert "recipe 'le', fingerprint f00df00df00d\n" in text
    assert "recipe 'dai', fingerprint beefbeefbeef\n" in text
    assert text.count("happy") == text.count("rejected") == 1


def test_recipes_that_hold_other_utterances_are_shown_apart() -> None:
    text = text_of(make_manifest(), make_manifest(sizes=(5, 2, 4), recipe=DAI))
    assert "corpus 'mine' (clips), recipe 'le'\n" in text
    assert "corpus 'mine' (clips), recipe 'dai'\n" in text
    assert text.count("happy") == 2


@pytest.mark.parametrize("family", ["iemocap", "mosei"])
def test_agreement_with_the_papers_is_one_line(family: str) -> None:
    text = text_of(published_manifest(family))
    assert "\nall 28 published counts agree\n" in text
    assert "differ" not in text


def test_differences_from_the_papers_are_listed() -> None:
    manifest = published_manifest("mosei")
    manifest.splits["train"].positives["fear"] += 2
    lines = lines_of(manifest)
    assert "2 of 28 published counts differ:" in lines
    assert "fear in train 1265 1263 +2 xia_t1/mosei_train" in lines
    assert "fear in all splits 1805 1803 +2 le_t2/mosei_fear" in lines


def test_corpora_that_the_papers_do_not_know_are_compared_with_nothing() -> None:
    assert "published" not in text_of(make_manifest())


@pytest.mark.parametrize(
    ("kind", "num_groups", "num_speakers", "told"),
    [
        ("iemocap", 151, 10, "LEAK: 10 speakers and 151 dialogues of the test split are in the"),
        ("iemocap", 0, 1, "LEAK: 1 speaker of the test split is in the training split too"),
        ("iemocap", 0, 0, "no speaker and no dialogue is in both the training and the test split"),
        ("mosei", 3, None, "LEAK: 3 videos of the test split are in the training split too who"),
        ("mosei", 0, None, "no video is in both the training and the test split; who speaks is"),
        ("clips", 2, 2, "LEAK: 2 speakers of the test split are in the training split too"),
        ("clips", 0, 0, "no speaker is in both the training and the test split"),
        ("clips", 0, None, "who speaks is not known"),
        ("meld", 2, 6, "LEAK: 6 speakers and 2 dialogues of the test split are in the training"),
        ("iemocap-four-class", 1, 0, "LEAK: 1 dialogue of the test split is in the training"),
    ],
)
def test_what_training_and_test_share_is_told(
    kind: str, num_groups: int, num_speakers: int | None, told: str
) -> None:
    shared = Shared(num_groups=num_groups, num_speakers=num_speakers)
    assert f" {told}" in " ".join(text_of(make_manifest(kind, shared=shared)).split())


def test_dialogues_of_ones_own_clips_are_told_like_speakers() -> None:
    shared = Shared(num_groups=2, num_speakers=0)
    text = " ".join(text_of(make_manifest(shared=shared, has_dialogues=True)).split())
    assert "LEAK: 2 dialogues of the test split are in the training split too" in text


def test_classes_are_shown_with_their_shares_and_the_task() -> None:
    manifest = make_manifest("meld-x", (6, 2, 4), {"glad": (4, 1, 3), "sad": (2, 1, 1)})
    lines = lines_of(manifest.model_copy(update={"task": "multiclass"}))
    assert lines[0] == "corpus 'mine' (meld-x, multiclass), recipe 'le'"
    assert "glad 4 (66.7%) 1 (50.0%) 3 (75.0%) 8 (66.7%)" in lines


def test_targets_are_shown_with_mean_spread_range_and_histogram() -> None:
    manifest = make_target_manifest({"train": (-3, 0, 0, 3), "valid": (1, 2), "test": (0.5, -1)})
    text = text_of(manifest)
    lines = lines_of(manifest)
    every = [-3, 0, 0, 3, 1, 2, 0.5, -1]
    assert "sentiment, mean 0.00 1.50 -0.25 0.31" in lines
    assert f"std 2.12 0.50 0.75 {np.std(every):.2f}" in lines
    assert "lowest -3 1 -1 -3" in lines
    assert "highest 3 2 0.5 3" in lines
    assert "  -3 to 3" in text
    assert "▅▁▁▁▁▁█▁▁▁▁▅" in text
    assert "positive" not in text


def test_target_of_one_value_in_a_split_is_told() -> None:
    manifest = make_target_manifest({"train": (-3, 0), "valid": (1, 1), "test": (0, 2)})
    told = (
        "CONSTANT: all utterances of valid (2) have the sentiment 1, so no correlation with it is "
        "defined there"
    )
    text = " ".join(text_of(manifest).split())
    assert told in text
    assert text.count("CONSTANT") == 1


def test_utterances_that_share_a_part_of_a_file_are_told() -> None:
    overlaps = (Overlap(test="t1", train="a1"), Overlap(test="t2", train="a1"))
    shared = Shared(num_groups=0, num_speakers=0, overlaps=overlaps)
    told = (
        "LEAK: 2 utterances of the test split share a part of a file with the training split, such "
        "as 't1' with 'a1'"
    )
    assert f" {told} " in " ".join(text_of(make_manifest(shared=shared)).split())
    nothing = Shared(num_groups=0, num_speakers=0, overlaps=())
    told = "no speaker and no part of a file is in both the training and the test split"
    assert told in " ".join(text_of(make_manifest(shared=nothing)).split())


def test_emotion_of_all_utterances_of_a_split_is_told() -> None:
    manifest = make_manifest(positives={"happy": (3, 1, 4), "sad": (6, 1, 4)})
    text = " ".join(text_of(manifest).split())
    assert (
        "NO NEGATIVE: all utterances of test (4) have the emotion 'happy', so its weighted "
        "accuracy there is not defined NO NEGATIVE: all utterances of train (6), test (4) have"
    ) in text
    assert "NO NEGATIVE" not in text_of(make_manifest())


def test_what_the_rules_leave_out_is_counted() -> None:
    manifest = make_manifest(left_out={"label 'xxx'": 2507, "in no split": 3})
    assert "left out by the corpus's own rules: 2507 label 'xxx', 3 in no split" in text_of(
        manifest
    )


def test_rejects_are_listed_as_they_are() -> None:
    text = text_of(make_manifest(rejects=make_rejects(2)))
    assert "rejected: 2\n  gone0 (no split): no file, no [/b]\n  gone1 (no split)" in text


def test_many_rejects_are_cut() -> None:
    text = text_of(make_manifest(rejects=make_rejects(MAX_REJECTS + 3)))
    assert f"gone{MAX_REJECTS - 1} " in text
    assert f"gone{MAX_REJECTS} " not in text
    assert "  and 3 more: `mmer-sweep show mine --remarks` lists all" in text


def test_repeated_mistakes_are_named_if_there_are_any() -> None:
    compat = Compat(dai_crop=True, drop_empty=True)
    told = "with mistakes of Dai et al.'s code: dai_crop, drop_empty"
    assert told in text_of(make_manifest(recipe=LE.model_copy(update={"compat": compat})))
    assert "mistakes" not in text_of(make_manifest())


def test_handcrafted_features_are_told_with_their_widths() -> None:
    recipe = HandcraftedRecipe(words="random")
    text = text_of(make_manifest(recipe=recipe, widths={"text": 300, "audio": 78, "vision": 40}))
    assert "numbers in a row of features: text 300, audio 78, vision 40" in text
    assert "\nface rows " in text


def test_what_a_corpus_lacks_is_told_once_and_its_rows_are_left_out() -> None:
    text = text_of(make_manifest(without=("text", "vision")))
    assert text.count("the corpus holds no text and no vision: rows that read it are refused") == 1
    assert "windows" not in text
    assert "with a face" not in text
    assert "sound chunks" in text
    assert "no face" not in text
    assert "no sound" in text


def test_length_of_text_is_not_shown() -> None:
    manifest = make_manifest(without=("audio", "vision"))
    splits = {
        split: counts.model_copy(update={"seconds": 0.0})
        for split, counts in manifest.splits.items()
    }
    text = text_of(manifest.model_copy(update={"splits": splits}))
    assert "minutes" not in text
    assert "seconds" not in text
    assert "sound chunks" not in text


def test_width_of_what_stands_in_is_not_shown() -> None:
    manifest = make_manifest(without=("vision",), widths={"text": 300, "audio": 42, "vision": 1})
    assert "numbers in a row of features: text 300, audio 42\n" in text_of(manifest)
