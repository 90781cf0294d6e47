from collections import Counter

import pytest

from corpora.store.manifest import Manifest
from reports.corpus.class_counts import PUBLISHED_CLASSES
from reports.corpus.counts import compare_counts
from search_spaces.printed.published import load_published
from tests.corpora.manifest_factory import POSITIVES, make_manifest, published_manifest

every_family = pytest.mark.parametrize("family", POSITIVES)


def with_counts(manifest: Manifest, **counts: object) -> Manifest:
    """Change what the validation split holds."""
    valid = manifest.splits["valid"].model_copy(update=counts)
    return manifest.model_copy(update={"splits": {**manifest.splits, "valid": valid}})


def test_every_published_count_is_used_once() -> None:
    used = Counter(
        (count.reference, count.published)
        for family in POSITIVES
        for count in compare_counts(published_manifest(family))
    )
    printed = Counter(
        (f"{table}/{row.id}", value)
        for table in ("le_t1", "le_t2", "xia_t1")
        for row in load_published().table(table).rows
        for value in row.values
    )
    assert used == printed
    assert used.total() == 56


@every_family
def test_published_corpus_agrees_with_every_count(family: str) -> None:
    compared = compare_counts(published_manifest(family))
    assert len(compared) == 28
    assert [count for count in compared if count.difference] == []


@every_family
def test_counts_are_told_apart_by_what_they_count(family: str) -> None:
    compared = compare_counts(published_manifest(family))
    assert len({(count.reference, count.what) for count in compared}) == 28


def test_one_wrong_label_shows_in_its_split_and_in_all() -> None:
    manifest = published_manifest("iemocap")
    positives = manifest.splits["valid"].positives | {"hap": 60}
    different = [
        count
        for count in compare_counts(with_counts(manifest, positives=positives))
        if count.difference
    ]
    assert [(count.reference, count.what) for count in different] == [
        ("le_t2/iemocap_happy", "hap in all splits"),
        ("xia_t1/iemocap_valid", "hap in valid"),
    ]
    assert [(c.ours, c.published, c.difference) for c in different] == [
        (593, "595", -2),
        (60, "62", -2),
    ]


def test_one_utterance_too_many_shows_in_its_split_and_in_all() -> None:
    manifest = with_counts(published_manifest("mosei"), num_utterances=1766)
    different = {
        count.what: count.difference for count in compare_counts(manifest) if count.difference
    }
    assert different == {"utterances in valid": 1, "utterances in all splits": 1}


@pytest.mark.parametrize("name", ["mine", "mosei"])
def test_other_corpora_have_no_published_counts_whatever_their_name(name: str) -> None:
    assert compare_counts(make_manifest("clips", name=name)) == ()


@pytest.mark.parametrize("kind", PUBLISHED_CLASSES)
def test_published_classes_are_one_an_utterance(kind: str) -> None:
    sizes = {"iemocap-four-class": 5531, "iemocap-six-class": 7380}
    published = PUBLISHED_CLASSES[kind]
    assert sum(published.in_all.values()) == sizes.get(kind, 9989 + 1109 + 2610)
    in_splits = [sum(counts.values()) for counts in published.by_split.values()]
    assert in_splits in ([], [9989, 1109, 2610])


def meld_manifest() -> Manifest:
    published = PUBLISHED_CLASSES["meld"].by_split
    positives = {
        name: tuple(counts[name] for counts in published.values()) for name in published["train"]
    }
    return make_manifest("meld", (9989, 1109, 2610), positives, task="multiclass")


def test_counts_of_classes_are_compared_in_splits_and_sums() -> None:
    assert len(compare_counts(meld_manifest())) == 28
    assert not [count for count in compare_counts(meld_manifest()) if count.difference]
    manifest = meld_manifest()
    manifest.splits["train"].positives["fear"] -= 1
    different = [count for count in compare_counts(manifest) if count.difference]
    assert [(c.what, c.reference, c.ours, c.published) for c in different] == [
        ("fear in train", "Poria et al. 2019", 267, "268"),
        ("fear in all splits", "Poria et al. 2019", 357, "358"),
    ]


def test_where_only_sums_are_published_sums_are_compared() -> None:
    positives = {"ang": (903, 100, 100), "hap": (1436, 100, 100), "neu": (1508, 100, 100)}
    manifest = make_manifest(
        "iemocap-four-class", (4800, 400, 331), {**positives, "sad": (884, 100, 99)}
    )
    different = [count for count in compare_counts(manifest) if count.difference]
    assert [(c.what, c.difference) for c in different] == [("sad in all splits", -1)]
