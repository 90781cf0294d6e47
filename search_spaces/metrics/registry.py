"""All metrics by name: the built-in ones, and those of the study files that are loaded."""

from collections.abc import Iterable

from corpora.errors import did_you_mean
from corpora.source.task import TaskKind
from search_spaces.errors import StudyError
from search_spaces.metrics.classes import CLASSES
from search_spaces.metrics.emotions import EMOTIONS
from search_spaces.metrics.metric import Metric
from search_spaces.metrics.numbers import NUMBERS
from search_spaces.metrics.withheld import split_name, without

BUILT_IN: dict[str, Metric] = {one.name: one for one in (*EMOTIONS, *CLASSES, *NUMBERS)}

_OWN: dict[str, Metric] = {}
"""The metrics that studies of this process define, by name; see `adopt`."""


def find_metric(name: str) -> Metric:
    """Return the metric of a name; it may say which modalities are withheld.

    Raises:
        StudyError: If there is none; the message lists the choices.
    """
    metric = BUILT_IN.get(name) or _OWN.get(name)
    if metric is None and (parts := split_name(name)) is not None:
        of, withheld = parts
        return without(find_metric(of), withheld)
    if metric is None:
        known = [*_OWN, *BUILT_IN]
        raise StudyError(
            f"there is no metric '{name}'; {did_you_mean(name, known)}choose from "
            f"{', '.join(known)}"
        )
    return metric


def metric_for(name: str, task: TaskKind) -> Metric:
    """Return the metric that a name means where the labels of a corpus are of this kind.

    Raises:
        StudyError: If there is none, or the kind of task does not admit it; the message lists the
            choices.
    """
    metric = find_metric(name)
    if fault := misfit(metric, task):
        raise StudyError(fault)
    is_of_classes = task == "multiclass" and metric.among_classes
    return find_metric(metric.among_classes) if is_of_classes else metric


def adopt(metrics: Iterable[Metric]) -> None:
    """Make a study's own metrics known by their names.

    A metric with its function takes the place of one of the same name; a stored one, which has no
    function, takes no place that is taken.

    Raises:
        StudyError: If a built-in metric has the name.
    """
    for metric in metrics:
        if metric.name in BUILT_IN:
            raise StudyError(
                f"metric '{metric.name}' is built in; give your own metric another name"
            )
        if metric.compute is not None or metric.name not in _OWN:
            _OWN[metric.name] = metric


def check_loaded(metrics: Iterable[Metric]) -> None:
    """Check that the functions of a study's own metrics are those that are loaded.

    Raises:
        StudyError: If the function of one is not loaded, or is another one; the message names the
            study file.
    """
    for metric in metrics:
        known = _OWN.get(metric.name, metric)
        if known.compute is None:
            raise StudyError(
                f"metric '{metric.name}' is a function of the study file '{metric.file}', which is "
                f"not loaded; give the file, as in `mmer-sweep report --metrics-of {metric.file}`"
            )
        if known.digest != metric.digest:
            raise StudyError(
                f"metric '{metric.name}' is now another function than the one of '{metric.file}' "
                f"with which its study was run: '{known.file}' has it; run the study again "
                "(finished trials are not trained again), or give one of the two another name"
            )


def metrics_of(task: TaskKind) -> tuple[str, ...]:
    """Name the built-in metrics that a kind of task admits."""
    return tuple(name for name, metric in BUILT_IN.items() if task in metric.tasks)


def misfit(metric: Metric, task: TaskKind) -> str:
    """Say why a kind of task does not admit a metric; empty if it does."""
    if task in metric.tasks:
        return ""
    return (
        f"metric '{metric.name}' is for {' and '.join(metric.tasks)}, but the task is {task}; "
        f"choose from {', '.join(metrics_of(task))}"
    )
