"""The content of a run in MLflow for a study or a trial: plain data from plan and record."""

import csv
import hashlib
import io
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import count, starmap, takewhile, zip_longest
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np

from reports.ledger.planned import Planned
from reports.ledger.record import Epoch, Predictions, Record
from reports.scores.metrics import mean_scores
from search_spaces.change import flatten
from search_spaces.trial import Trial

T = TypeVar("T")

TRIAL, STUDY = "trial", "study"
CANDIDATE, REPEAT, SEARCH = "candidate", "repeat", "search"
"""The kinds of runs, as a tag names them: those of trials stand below studies, and so on.

A repeat is a candidate with another seed.
"""

ROW_SEPARATOR = ", "
EPOCH_METRIC = "train_loss"
"""A metric of every epoch: if it is there, the epoch was logged."""

MAX_POINTS, MAX_PARAMS, MAX_TAGS = 500, 100, 100
"""The limits of a request: 1,000 metrics, 100 params and 100 tags; 1,000 in total, in 1 MB."""

MAX_TAG = 5000
"""The number of characters of a tag that every version of MLflow keeps."""

ROWS = "rows"
"""The tag that names the rows of a trial; what does not fit continues in `rows_2` and so on."""

MAX_DIGEST = 36
"""The number of characters of a data set's digest in MLflow."""

MAX_NAME = 250
"""The number of characters of the name of a tag or metric in MLflow."""

MAX_VIEW = 200
"""The same for what is a part of such a name."""

RUN_NAME = "mlflow.runName"
"""MLflow's own tag with the name of a run."""


class Point(NamedTuple):
    """One value of a metric, with MLflow's order of fields; equal points count once."""

    name: str
    value: float
    time_ms: int
    step: int


class Batch(NamedTuple):
    """The content of one request."""

    points: Sequence[Point]
    params: Sequence[tuple[str, str]]
    tags: Sequence[tuple[str, str]]


class Input(NamedTuple):
    """A split of a corpus that a trial read."""

    name: str
    digest: str
    source_type: str
    source: str
    context: str


class MirroredStudy:
    """A study on a corpus, as its parent run shows it.

    `row_tag` is the tag of its trials, wherever their runs are; the value names their rows. `view`
    is the name of the view that shows them all.
    """

    def __init__(self, planned: Planned) -> None:
        self.planned = planned
        study = planned.study
        self.key = study_key(planned)
        self.view = safe_name(self.key)[:MAX_VIEW].rstrip("/")
        self.row_tag = f"row/{self.view}"
        self.rows_by_key = planned.rows_by_key
        self.differing = _differing_fields(planned)
        self.tags = {
            "kind": STUDY,
            "study": study.name,
            "corpus": planned.corpus,
            "scale": planned.scale,
            "title": study.title,
        }

    @property
    def name(self) -> str:
        """The name of the study's run."""
        return study_name(self.tags)

    def tags_of(self, trial: Trial, key: str) -> dict[str, str]:
        """Return the tags that describe a trial of the study."""
        return {
            "kind": TRIAL,
            "study": self.planned.study.name,
            "row": self.rows_by_key[key][0].row,
            "corpus": trial.corpus.name,
            "corpus_fingerprint": trial.corpus.fingerprint,
            "scale": self.planned.scale,
            **_seeds_of(trial),
            **_fold_of(trial),
        }

    def rows_text(self, key: str) -> str:
        """Name the rows of the study that share a trial, for their tag.

        A seed of a row is not also named as what is varied: pages would group it apart from the
        other seeds of its row.
        """
        names = [row.row for row in self.rows_by_key[key]]
        as_seed = [name for name in names if key in self.planned.keys.get(name, ())]
        return ROW_SEPARATOR.join(as_seed or names)[:MAX_TAG]

    def params_of(self, trial: Trial) -> dict[str, str]:
        """Return a trial's seed, fold, corpus, and the fields in which the study's rows differ."""
        flat = flatten(trial.config)
        params = {field: str(flat[field]) for field in self.differing if field in flat}
        fold = {"fold": trial.corpus.fold.name} if trial.corpus.fold else {}
        return params | _seeds_of(trial) | fold | {"corpus": trial.corpus.name}


def _seeds_of(trial: Trial) -> dict[str, str]:
    """Name a trial's seed, and those of random streams that have another one."""
    streams = {f"seed_{stream}": str(seed) for stream, seed in trial.streams.items()}
    return {"seed": str(trial.seed), **streams}


def _fold_of(trial: Trial) -> dict[str, str]:
    """Name a trial's fold, if its corpus has folds, and its number, which is short."""
    fold = trial.corpus.fold
    return {} if fold is None else {"fold": fold.name, "fold_number": str(fold.number)}


def study_key(planned: Planned) -> str:
    """Return the key of a study's run."""
    corpora = "+".join(fingerprint[:12] for fingerprint in planned.fingerprints)
    return f"{planned.study.name}/{planned.corpus}/{planned.scale}/{corpora}"


def safe_name(text: str) -> str:
    """Replace what MLflow takes in no name of a tag or metric: signs, `//`, `/./` and `/../`."""
    return re.sub(r"/(\.{0,2}/)+", "/", re.sub(r"[^/\w.\- ]", "_", text))


def trial_name(tags: Mapping[str, str]) -> str:
    """Return the name of a trial's run, such as `s0 f2 ROW`.

    Seeds and fold come first, because pages cut long names at the right.
    """
    streams = (f"{stream}{seed}" for stream, seed in sorted(_streams_of(tags).items()))
    fold = [f"f{tags['fold_number']}"] if "fold_number" in tags else []
    return " ".join([f"s{tags['seed']}", *streams, *fold, tags["row"]])


def _streams_of(tags: Mapping[str, str]) -> dict[str, str]:
    """Return the seeds of random streams that have another one than the trial, by their tags."""
    begin = "seed_"
    return {name.removeprefix(begin): tags[name] for name in tags if name.startswith(begin)}


def study_name(tags: Mapping[str, str]) -> str:
    """Return the name of a study's run, by its tags or by those of a trial below it."""
    return f"{tags['study']} {tags['corpus']} {tags['scale']}"


def has_former_name(run_tags: Mapping[str, str]) -> bool:
    """Whether an older mirror named this run, and nobody since."""
    match run_tags:
        case {"kind": "trial", "row": row, "seed": seed}:
            streams = (f", {stream} {other}" for stream, other in _streams_of(run_tags).items())
            former = f"{row} seed {seed}{''.join(streams)}"
        case {"kind": "study", "study": former}:
            pass
        case _:
            return False
    return run_tags.get(RUN_NAME) == former


def _differing_fields(planned: Planned) -> list[str]:
    """List the fields whose values differ between the rows of a study."""
    configs = planned.study.configs(planned.family, planned.scale)
    flats = [flatten(config) for config in configs.values()]
    fields = dict.fromkeys(field for flat in flats for field in flat)
    return [field for field in fields if len({repr(flat.get(field)) for flat in flats}) > 1]


def points_of(epoch: Epoch, time_ms: int) -> list[Point]:
    """Return the losses and scores of an epoch as points at its step."""
    values = {
        EPOCH_METRIC: epoch.train_loss,
        "valid_loss": epoch.valid_loss,
        **{f"valid_{name}": value for name, value in epoch.valid.items()},
        **{f"train_loss_{safe_name(n)}": value for n, value in epoch.auxiliary_losses.items()},
    }
    return [Point(name, value, time_ms, step_of(epoch)) for name, value in values.items()]


def step_of(epoch: Epoch) -> int:
    """Return the step of an epoch: they count from 1, as on the terminal and in figures."""
    return epoch.epoch + 1


def recorded_points(record: Record, known_steps: set[int], test: Predictions | None) -> list[Point]:
    """Return the points of a record: epochs that were not logged yet, test scores, and costs.

    The times come from the record, with epochs spread evenly over the training. So if two processes
    log the same record, or one logs it twice, the points are the same.
    """
    circumstances, epochs = record.circumstances, record.result.epochs
    start_s = datetime.fromisoformat(circumstances.started_at).timestamp()
    an_epoch_s = circumstances.training_s / max(len(epochs), 1)
    points = [
        point
        for number, epoch in enumerate(epochs, start=1)
        if step_of(epoch) not in known_steps
        for point in points_of(epoch, int(1000 * (start_s + number * an_epoch_s)))
    ]
    end_ms = int(1000 * (start_s + circumstances.wall_s))
    facts = _test_scores(record, test) | _costs_of(record)
    return points + [Point(name, value, end_ms, 0) for name, value in facts.items()]


def _test_scores(record: Record, test: Predictions | None) -> dict[str, float]:
    if test is None:
        return {}
    thresholds, task = np.array(record.result.thresholds), record.result.task
    scores = mean_scores(test.labels, test.probabilities, thresholds, task)
    return {f"test_{name}": score for name, score in scores.items()}


def _costs_of(record: Record) -> dict[str, float]:
    """Return the known costs of a model; those in `system/` were measured by its own process."""
    result, circumstances = record.result, record.circumstances
    costs = {
        "num_parameters": result.num_parameters,
        "num_parameters_without_embeddings": result.num_parameters_without_embeddings,
        "macs": result.macs,
        "system/wall_s": circumstances.wall_s,
        "system/training_s": circumstances.training_s,
        "system/cpu_s": circumstances.cpu_s,
        "system/peak_memory_mib": circumstances.peak_memory_mib,
        "system/peak_gpu_memory_mib": circumstances.peak_gpu_memory_mib,
    }
    return {name: float(cost) for name, cost in costs.items() if cost is not None}


def recorded_tags(record: Record, record_file: bytes, model_files: Sequence[str]) -> dict[str, str]:
    """Return the tags for the conditions of a trial, and for its files that are kept."""
    circumstances, diverged = record.circumstances, record.result.diverged_at_epoch
    return {
        "code_version": circumstances.code_version,
        "device": circumstances.device,
        "precision": circumstances.precision,
        "host": circumstances.host,
        **({"deterministic": "true"} if circumstances.is_deterministic else {}),
        "record_sha256": hashlib.sha256(record_file).hexdigest(),
        **({"model_files": " ".join(model_files)} if model_files else {}),
        **({} if diverged is None else {"diverged_at_epoch": str(diverged + 1)}),
    }


def rows_texts(tags: Mapping[str, str]) -> list[str]:
    """Return the texts in which a run names its rows; none if it has no description yet."""
    names = (ROWS if number == 1 else f"{ROWS}_{number}" for number in count(1))
    return [tags[name] for name in takewhile(tags.__contains__, names)]


def names_row(tags: Mapping[str, str], row: str) -> bool:
    """Whether a run names a row; the name may contain the separator."""
    wanted = f"{ROW_SEPARATOR}{row[:MAX_TAG]}{ROW_SEPARATOR}"
    return any(
        wanted in f"{ROW_SEPARATOR}{text}{ROW_SEPARATOR}" for text in rows_texts(tags) if text
    )


def rows_tags(tags: Mapping[str, str], new_rows: Sequence[str]) -> dict[str, str]:
    """Return the tags that name the rows of a run, and new ones besides."""
    texts = rows_texts(tags) or [""]
    for row in new_rows:
        longer = f"{texts[-1]}{ROW_SEPARATOR}{row}" if texts[-1] else row
        if len(longer) <= MAX_TAG:
            texts[-1] = longer
        else:
            texts += [row[:MAX_TAG]]
    return {ROWS if n == 1 else f"{ROWS}_{n}": text for n, text in enumerate(texts, 1)}


def config_file(trial: Trial) -> bytes:
    """Write the whole config as JSON."""
    return trial.config.model_dump_json(indent=1).encode()


def curves_file(epochs: Sequence[Epoch]) -> bytes:
    """Write the learning curves as CSV, one line for each epoch; MLflow can plot it."""
    lines = [
        {point.name: repr(point.value) for point in points_of(epoch, 0)} | {"epoch": step_of(epoch)}
        for epoch in epochs
    ]
    metrics = dict.fromkeys(name for line in lines for name in line if name != "epoch")
    text = io.StringIO()
    writer = csv.DictWriter(text, ["epoch", *metrics], lineterminator="\n")
    writer.writeheader()
    writer.writerows(lines)
    return text.getvalue().encode()


def inputs_of(trial: Trial) -> list[Input]:
    """List the splits that a trial read, as a data set each: MLflow keeps one context for each."""
    corpus = trial.corpus
    source = json.dumps(corpus.model_dump())
    digest = corpus.fingerprint
    if corpus.fold is not None:
        digest = hashlib.sha256(corpus.content.encode()).hexdigest()
    return [
        Input(f"{corpus.name}/{split}", digest[:MAX_DIGEST], "mmer-sweep corpus", source, split)
        for split in ("train", "valid", "test")
    ]


def tables_of(folder: Path) -> dict[str, bytes]:
    """Read a study's tables and verdicts as LaTeX, Markdown and HTML, by the names of the files."""
    files = sorted(path for path in folder.glob("*") if path.suffix in (".tex", ".md", ".html"))
    return {path.name: path.read_bytes() for path in files}


def sha256_of_all(files: Mapping[str, bytes]) -> str:
    """Hash files together with their names."""
    hashes = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    return hashlib.sha256(json.dumps(hashes, sort_keys=True).encode()).hexdigest()


def split_batches(
    points: Sequence[Point], params: Mapping[str, str], tags: Mapping[str, str]
) -> Iterator[Batch]:
    """Split the content into requests within MLflow's limits; none if there is nothing to log.

    The tags come last: if a tag says that a run has something, all of it was logged before.
    """
    cut = (
        _cut(points, MAX_POINTS),
        _cut(list(params.items()), MAX_PARAMS),
        _cut(list(tags.items()), MAX_TAGS),
    )
    from_the_end = zip_longest(*(reversed(parts) for parts in cut), fillvalue=())
    return starmap(Batch, reversed(list(from_the_end)))


def _cut(items: Sequence[T], limit: int) -> list[Sequence[T]]:
    return [items[begin : begin + limit] for begin in range(0, len(items), limit)]
