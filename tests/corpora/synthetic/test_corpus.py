import csv
import subprocess
import sys
from pathlib import Path

import av
import numpy as np
import pytest
from pydantic import ValidationError

from corpora.synthetic.corpus import (
    DEFAULT,
    MODALITIES,
    PlannedClip,
    SyntheticConfig,
    deal_splits,
    plan_clips,
    write_synthetic,
)
from corpora.synthetic.forms import EMOTIONS, LABELS, PRIORS
from corpora.synthetic.reachable import (
    best_scores,
    best_scores_of_first_frame,
    best_scores_without_interaction,
    score_table,
)
from corpora.synthetic.sentence import CUE_WORDS, REVERSALS, vocabulary, write_sentence

SMALL = SyntheticConfig(num_utterances=24)
PAGE = Path(__file__).parents[3] / "docs" / "synthetic.md"


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("synthetic")
    write_synthetic(folder, SMALL)
    return folder


@pytest.fixture(scope="module")
def many_clips() -> list[PlannedClip]:
    return plan_clips(SyntheticConfig(num_utterances=30_000, seed=1))


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "clips.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_same_seed_gives_the_same_bytes_with_any_number_of_workers(
    corpus: Path, tmp_path: Path
) -> None:
    write_synthetic(tmp_path, SMALL, num_workers=2)
    assert contents(tmp_path) == contents(corpus)


def test_another_seed_gives_other_clips() -> None:
    assert plan_clips(SMALL) != plan_clips(SyntheticConfig(num_utterances=24, seed=1))


def test_csv_names_every_clip_and_its_labels(corpus: Path) -> None:
    table = rows(corpus)
    assert list(table[0]) == [
        "utterance", "file", "start", "end", "text", "split", "speaker", *EMOTIONS,
    ]  # fmt: skip
    assert [tuple(int(row[emotion]) for emotion in EMOTIONS) for row in table] == [
        clip.labels for clip in plan_clips(SMALL)
    ]
    assert all((corpus / row["file"]).is_file() for row in table)


def test_media_have_the_stated_rates_and_lengths(corpus: Path) -> None:
    for row in rows(corpus)[:4]:
        with av.open(str(corpus / row["file"])) as container:
            video, audio = container.streams.video[0], container.streams.audio[0]
            assert (video.codec.name, video.average_rate) == ("h264", 8)
            assert (audio.rate, audio.channels) == (16_000, 1)
            assert video.frames == 8 * float(row["end"])
        with av.open(str(corpus / row["file"])) as container:
            samples = sum(frame.samples for frame in container.decode(audio=0))
        assert 0 <= samples - 16_000 * float(row["end"]) < 1_024  # one AAC block


def test_default_splits_have_their_shares_and_enough_positives() -> None:
    clips = plan_clips(DEFAULT)
    labels = {
        split: np.array([clip.labels for clip in clips if clip.split == split])
        for split in ("train", "valid", "test")
    }
    assert {split: len(part) for split, part in labels.items()} == {
        "train": 450, "valid": 150, "test": 400,
    }  # fmt: skip
    assert labels["test"].sum(0).min() >= 40
    assert labels["valid"].sum(0).min() >= 15


@pytest.mark.parametrize("seed", range(5))
def test_every_emotion_is_in_every_split_of_a_small_corpus(seed: int) -> None:
    clips = plan_clips(SyntheticConfig(num_utterances=24, seed=seed))
    for split in ("train", "valid", "test"):
        part = np.array([clip.labels for clip in clips if clip.split == split])
        assert part.any(0).all()
        assert not part.all(0).any()


def test_deal_splits_gives_each_split_its_share_of_an_emotion() -> None:
    labels = np.zeros((100, 2), dtype=int)
    labels[:20, 0] = 1
    labels[10:50, 1] = 1
    splits = np.array(deal_splits(labels))
    assert [labels[splits == name].sum(0).tolist() for name in ("test", "valid")] == [
        [8, 16], [3, 6],
    ]  # fmt: skip


def test_config_refuses_a_corpus_too_small_to_split() -> None:
    with pytest.raises(ValidationError, match="greater than or equal to 24"):
        SyntheticConfig(num_utterances=10)


def test_latents_follow_the_stated_rates(many_clips: list[PlannedClip]) -> None:
    """Tolerance 4 standard errors of a rate of one half."""
    labels = np.array([clip.labels for clip in many_clips])
    tolerance = 4 * 0.5 / len(labels) ** 0.5
    assert labels.mean(0) == pytest.approx(PRIORS, abs=tolerance)
    reversing = np.mean([clip.reversing for clip in many_clips])
    assert reversing == pytest.approx(DEFAULT.reversal_rate, abs=tolerance)


@pytest.mark.parametrize(
    "subset", [("text",), ("audio",), ("vision",), ("text", "vision")], ids="+".join
)
def test_best_scores_agree_with_counting_drawn_utterances(
    subset: tuple[str, ...], many_clips: list[PlannedClip]
) -> None:
    """The standard error of a counted F1 is at most .008; the tolerance is three."""
    states: dict[object, int] = {}
    shown = [
        states.setdefault(
            tuple((clip.cues[m], m == "text" and clip.reversing) for m in subset), len(states)
        )
        for clip in many_clips
    ]
    labels = np.array([clip.labels for clip in many_clips])
    counted = []
    for emotion in range(len(EMOTIONS)):
        positive = np.bincount(shown, labels[:, emotion])
        rate = positive / np.bincount(shown)
        order = np.argsort(-rate[shown], kind="stable")
        hits = np.cumsum(labels[order, emotion])
        marked = np.arange(1, len(labels) + 1)
        counted.append((2 * hits / (marked + labels[:, emotion].sum())).max())
    assert best_scores(DEFAULT)[subset].f1 == pytest.approx(counted, abs=0.024)


def test_more_modalities_never_reach_less() -> None:
    scores = best_scores(DEFAULT)
    assert len(scores) == 7
    for small, few in scores.items():
        for large, many in scores.items():
            if set(small) < set(large):
                for metric in ("f1", "wacc", "acc"):
                    assert (
                        np.array(getattr(few, metric)) <= np.array(getattr(many, metric)) + 1e-9
                    ).all()


def test_every_modality_is_informative_and_not_enough() -> None:
    scores = best_scores(DEFAULT)
    constant = np.mean([2 * prior / (1 + prior) for prior in PRIORS])
    together = scores[MODALITIES].average("f1")
    for modality in MODALITIES:
        alone = scores[(modality,)].average("f1")
        assert constant + 0.2 < alone < together - 0.2


def test_reversing_words_and_face_tell_more_together() -> None:
    joint, apart = best_scores(DEFAULT), best_scores_without_interaction(DEFAULT)
    both = ("text", "vision")
    assert joint[both].average("f1") > apart[both].average("f1") + 0.03
    for modality in MODALITIES:
        assert joint[(modality,)].f1 == pytest.approx(apart[(modality,)].f1)


def test_without_reversal_there_is_no_interaction() -> None:
    config = SyntheticConfig(reversal_rate=0)
    joint, apart = best_scores(config), best_scores_without_interaction(config)
    assert joint[MODALITIES].f1 == pytest.approx(apart[MODALITIES].f1)


def test_one_frame_tells_less_than_all() -> None:
    first, every = best_scores_of_first_frame(DEFAULT), best_scores(DEFAULT)
    assert first[("vision",)].average("f1") < every[("vision",)].average("f1") - 0.1


def test_page_prints_what_the_code_computes() -> None:
    table = score_table(DEFAULT)
    assert table in PAGE.read_text(encoding="utf-8"), f"put this table into {PAGE.name}:\n{table}"


@pytest.mark.parametrize("labels", LABELS[LABELS.sum(1) <= 2].tolist(), ids=str)
def test_sentence_holds_its_cues_and_no_others(labels: list[int]) -> None:
    emotions = [name for name, label in zip(EMOTIONS, labels, strict=True) if label]
    generator = np.random.default_rng(0)
    sentence = write_sentence(emotions, reversing=bool(labels[0]), generator=generator)
    words = sentence.split()
    told = [name for name in EMOTIONS if set(CUE_WORDS[name]) & set(words)]
    assert told == emotions
    assert sentence.startswith(REVERSALS) == bool(labels[0])
    assert 4 <= len(words) <= 12
    assert set(words) <= vocabulary()


def test_vocabulary_is_small() -> None:
    assert len(vocabulary()) <= 300


def test_script_that_makes_a_corpus_is_not_run_again_by_its_processes(tmp_path: Path) -> None:
    """It has no guard `if __name__ == "__main__"`, as a user's script may have none."""
    script = tmp_path / "script.py"
    script.write_text(
        "from pathlib import Path\n"
        "from corpora.synthetic.corpus import SyntheticConfig, write_synthetic\n"
        "print('runs')\n"
        "write_synthetic(Path('clips'), SyntheticConfig(num_utterances=24), num_workers=2)\n"
    )
    command = [sys.executable, str(script)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert done.stdout == "runs\n", done.stderr
    assert len(list((tmp_path / "clips" / "media").iterdir())) == 24
