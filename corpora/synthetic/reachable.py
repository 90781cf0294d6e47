"""What can be learnt from the synthetic corpus: the best scores that its plan allows."""

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from corpora.source.task import TaskKind
from corpora.synthetic.best_scores import (
    METRICS,
    BestClassScores,
    BestNumberScores,
    BestScores,
    best_class_scores_of,
    best_number_scores_of,
    best_scores_of,
)
from corpora.synthetic.corpus import (
    FALSE_ALARM_RATE,
    HIT_RATES,
    MAX_CUES,
    MODALITIES,
    NUM_FRAMES,
    REVERSED,
    SyntheticConfig,
    num_moments,
    slots_per_cue,
)
from corpora.synthetic.forms import EMOTIONS, FORMS, LABELS

CUE_SETS: tuple[tuple[int, ...], ...] = tuple(
    cues
    for count in range(MAX_CUES + 1)
    for cues in itertools.combinations(range(len(EMOTIONS)), count)
)
Table = NDArray[np.float64]
Subset = tuple[str, ...]
Scores = TypeVar("Scores")


def best_scores(config: SyntheticConfig) -> dict[Subset, BestScores]:
    """Compute the best reachable scores of every non-empty set of modalities, exactly."""
    return _of_each(_faces(config), config, best_scores_of)


def best_scores_without_interaction(config: SyntheticConfig) -> dict[Subset, BestScores]:
    """Compute the same if reversing words and face are independent given the labels.

    Every single modality is distributed as before; only what modalities tell together is missing.
    """
    return _of_each(_faces_apart(config), config, best_scores_of)


def best_scores_of_first_frame(config: SyntheticConfig) -> dict[Subset, BestScores]:
    """Compute the same for a model that sees only one frame of the face, at 0 s."""
    return _of_each(_first_faces(config), config, best_scores_of)


def best_class_scores(config: SyntheticConfig) -> dict[Subset, BestClassScores]:
    """Compute the best reachable scores of a corpus of classes, as `best_scores` does."""
    return _of_each(_faces(config), config, best_class_scores_of)


def best_number_scores(config: SyntheticConfig) -> dict[Subset, BestNumberScores]:
    """Compute the best reachable scores of a corpus of sentiment, as `best_scores` does."""
    return _of_each(_faces(config), config, best_number_scores_of)


def _faces_apart(config: SyntheticConfig) -> tuple[Table, Table]:
    """Tabulate the face's cues as they are on average, whatever the words."""
    plain, reverse = _faces(config)
    mean = (1 - config.reversal_rate) * plain + config.reversal_rate * reverse
    return mean, mean


def _first_faces(config: SyntheticConfig) -> tuple[Table, Table]:
    """Tabulate what one frame of the face shows, at 0 s."""
    shown = np.zeros((1 + len(EMOTIONS), len(CUE_SETS)))  # P(cue in first frame | cue set)
    for column, cues in enumerate(CUE_SETS):
        moments = [num_moments(count) for count in NUM_FRAMES]
        chance = np.mean([slots_per_cue(len(cues), count) / count for count in moments])
        shown[0, column] = 1 - chance * len(cues)
        for cue in cues:
            shown[1 + cue, column] = chance
    plain, reverse = _faces(config)
    return shown @ plain, shown @ reverse


def cue_table(
    hit_rates: Sequence[float],
    emotion_of: Sequence[int] = range(6),
    patterns: NDArray[np.int64] = LABELS,
) -> Table:
    """Tabulate P(cue set | emotions).

    Cue k is active with its hit rate if emotion `emotion_of[k]` is there, else with the false-alarm
    rate, independently of the others. If more than MAX_CUES are active, MAX_CUES are kept at
    random.

    Shapes:
        hit_rates: (6,)
        patterns: (Y, 6), 0 or 1 -> (len(CUE_SETS), Y), columns sum to 1
    """
    active = np.where(patterns[:, list(emotion_of)] == 1, hit_rates, FALSE_ALARM_RATE)  # (Y, 6)
    table = np.zeros((len(CUE_SETS), len(patterns)))
    for pattern in LABELS:
        chance = np.where(pattern == 1, active, 1 - active).prod(1)  # (Y,)
        on = np.flatnonzero(pattern).tolist()
        kept = list(itertools.combinations(on, min(MAX_CUES, len(on))))
        for cues in kept:
            table[CUE_SETS.index(cues)] += chance / len(kept)
    return table


def _faces(config: SyntheticConfig) -> tuple[Table, Table]:
    """Tabulate the face's cues as they are without and with reversing words."""
    patterns, rates = FORMS[config.task].patterns, HIT_RATES["vision"]
    return cue_table(rates, patterns=patterns), cue_table(rates, REVERSED, patterns)


def _of_each(
    faces: tuple[Table, Table],
    config: SyntheticConfig,
    score: Callable[[Table, NDArray[np.float64]], Scores],
) -> dict[Subset, Scores]:
    """Score what each non-empty set of modalities tells of the labels."""
    labels = FORMS[config.task].labels
    subsets = [
        subset
        for count in range(1, len(MODALITIES) + 1)
        for subset in itertools.combinations(MODALITIES, count)
    ]
    return {subset: score(_joint(subset, faces, config), labels) for subset in subsets}


def _joint(subset: Sequence[str], faces: tuple[Table, Table], config: SyntheticConfig) -> Table:
    """Tabulate P(what the modalities show, emotions); the text shows whether a face is reversed."""
    form = FORMS[config.task]
    joints = []
    for face, rate in zip(faces, (1 - config.reversal_rate, config.reversal_rate), strict=True):
        tables = {m: cue_table(HIT_RATES[m], patterns=form.patterns) for m in ("text", "audio")}
        tables["vision"] = face
        joint = rate * form.prior[None]
        for modality in subset:
            joint = (joint[:, None] * tables[modality][None]).reshape(-1, len(form.prior))
        joints.append(joint)
    return np.concatenate(joints) if "text" in subset else joints[0] + joints[1]


def score_table(config: SyntheticConfig) -> str:
    """Print the best reachable scores as a Markdown table."""
    return _TABLES[config.task](config)


def _emotions_table(config: SyntheticConfig) -> str:
    scored = _rows(config, best_scores_of)
    header = ("F1", "WAcc", "Acc", *(f"F1 {emotion}" for emotion in EMOTIONS))
    cells = {title: [*map(scores.average, METRICS), *scores.f1] for title, scores in scored.items()}
    return _markdown(header, {title: _percent(values) for title, values in cells.items()})


def _classes_table(config: SyntheticConfig) -> str:
    scored = _rows(config, best_class_scores_of)
    cells = {title: _percent((scores.accuracy, scores.uar)) for title, scores in scored.items()}
    return _markdown(("accuracy", "UAR"), cells)


def _numbers_table(config: SyntheticConfig) -> str:
    scored = _rows(config, best_number_scores_of)
    cells = {
        title: [f"{scores.mae:.3f}", f"{scores.correlation:.3f}"]
        for title, scores in scored.items()
    }
    return _markdown(("MAE", "correlation"), cells)


_TABLES: Mapping[TaskKind, Callable[[SyntheticConfig], str]] = {
    "multilabel": _emotions_table,
    "multiclass": _classes_table,
    "regression": _numbers_table,
}


def _rows(
    config: SyntheticConfig, score: Callable[[Table, NDArray[np.float64]], Scores]
) -> dict[str, Scores]:
    """Score every set of modalities, and some without interaction or with one frame alone."""
    true = _of_each(_faces(config), config, score)
    rows = {" + ".join(subset): scores for subset, scores in true.items()}
    others = {"no interaction": _faces_apart(config), "first frame only": _first_faces(config)}
    for title, faces in others.items():
        scored = _of_each(faces, config, score)
        for subset in (("vision",), ("text", "vision"), MODALITIES):
            rows[f"{' + '.join(subset)}, {title}"] = scored[subset]
    return rows


def _percent(values: Iterable[float]) -> list[str]:
    return [f"{100 * value:.1f}" for value in values]


def _markdown(header: Sequence[str], rows: Mapping[str, Sequence[str]]) -> str:
    lines = [f"| modalities | {' | '.join(header)} |", "|---" * (1 + len(header)) + "|"]
    lines += [f"| {title} | {' | '.join(cells)} |" for title, cells in rows.items()]
    return "\n".join(lines) + "\n"
