"""Shows all that is known of one trial; fits into 80 columns, and needs no colour."""

import json
from collections.abc import Iterable, Sequence
from textwrap import indent

from pydantic import JsonValue
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from orchestrator.forecast.view import say_duration
from orchestrator.live.view import sparkline
from orchestrator.status.trial_facts import FailureFacts, TrialFacts
from reports.ledger.record import MAIN_HEADER, Circumstances, Epoch


def trial_view(facts: TrialFacts) -> RenderableType:
    """Show a trial: its state, differences, curves, circumstances, failure and config."""
    parts: list[RenderableType] = [Text(f"trial {facts.key}: {facts.state}", style="bold")]
    parts.append(_pairs(_head(facts)))
    if facts.baseline is not None:
        parts += [Text(f"\nDiffers from row '{facts.baseline}' in:"), _differences(facts)]
    if facts.epochs:
        parts += [Text("\nCurves, epoch by epoch:"), _curves(facts.epochs, facts.best_epoch)]
    if facts.circumstances is not None:
        parts += [Text("\nTrained:"), _pairs(_circumstances(facts.circumstances))]
    if facts.failure is not None:
        parts += _failure(facts.failure)
    if facts.config:
        fields = ((path, _plain(value)) for path, value in facts.config.items())
        parts += [Text("\nConfig:"), _pairs(fields)]
    return Group(*parts)


def _head(facts: TrialFacts) -> Iterable[tuple[str, str]]:
    for row in facts.rows:
        yield "row", row
    yield "corpus", facts.corpus or "not known yet"
    yield "seed", facts.seed or "not known yet"
    if facts.metric is not None:
        score = "none" if facts.test_score is None else f"{facts.test_score:.4f}"
        yield f"test {MAIN_HEADER[facts.metric]}", score


def _differences(facts: TrialFacts) -> RenderableType:
    if not facts.differences:
        return _indented("nothing: it is that row")
    return _pairs(
        (one.field, f"{_plain(one.value)} instead of {_plain(one.baseline)}")
        for one in facts.differences
    )


def _curves(epochs: Sequence[Epoch], best_epoch: int | None) -> RenderableType:
    metric = epochs[0].main_metric
    curves: dict[str, list[float]] = {
        "training loss": [one.train_loss for one in epochs],
        "validation loss": [one.valid_loss for one in epochs],
        f"validation {MAIN_HEADER[metric]}": [one.main_score for one in epochs],
    }
    table = Table.grid(padding=(0, 2, 0, 0))
    for name, values in curves.items():
        told = f"{values[0]:.4f} to {values[-1]:.4f}"
        table.add_row(f"  {name}", sparkline(values), told)
    best = "none" if best_epoch is None else f"{best_epoch + 1} of {len(epochs)}"
    table.add_row("  best epoch", best, "")
    return table


def _circumstances(one: Circumstances) -> Iterable[tuple[str, str]]:
    yield "where", f"{one.host}, {one.device}, {one.num_threads} threads, {one.precision}"
    took = f"took {say_duration(one.wall_s)}, {say_duration(one.training_s)} of it training"
    yield "when", f"{one.started_at}, {took}"
    yield "code", f"{one.code_version}, digest {(one.code_digest or 'not known')[:12]}"
    if one.peak_memory_mib is not None:
        yield "memory", f"{one.peak_memory_mib:.0f} MiB at most"
    if one.peak_gpu_memory_mib is not None:
        yield "GPU memory", f"{one.peak_gpu_memory_mib:.0f} MiB at most"
    if one.resumed_from_epochs:
        yield "went on after epoch", ", ".join(map(str, one.resumed_from_epochs))
    for epoch, size in one.micro_batches:
        yield "micro-batches", f"of {size} utterances from epoch {epoch + 1} on"
    if one.is_deterministic:
        yield "algorithms", "deterministic"


def _failure(one: FailureFacts) -> list[RenderableType]:
    times = "once" if one.count == 1 else f"{one.count} times since {one.first_at}"
    parts: list[RenderableType] = [
        Text(f"\nFailed {times}, last at {one.last_at}:", style="red"),
        _indented(one.summary),
        _indented(f"What helps: {one.cure}."),
    ]
    if one.where is not None:
        parts.append(_indented(f"Where: {one.where}"))
    if one.details:
        parts += [Text("\nDetails:"), _indented(one.details)]
    if one.log:
        parts += [Text("\nThe last lines of its log:"), _indented("\n".join(one.log))]
    return parts


def _pairs(pairs: Iterable[tuple[str, str]]) -> RenderableType:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in pairs:
        table.add_row(Text(f"  {name}"), Text(value))
    return table


def _indented(text: str) -> Text:
    return Text(indent(text, "  "))


def _plain(value: JsonValue) -> str:
    """Write a value without the quotes of JSON."""
    return json.dumps(value, ensure_ascii=False).replace('"', "")
