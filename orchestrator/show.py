"""What commands print about studies, plans and corpora."""

from collections.abc import Iterable, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from corpora.manifest import Manifest
from orchestrator.plan import Plan
from search_spaces.published import load_published
from search_spaces.study import Study


def studies_table(studies: Iterable[Study]) -> RenderableType:
    """List studies with their tables and sizes."""
    table = Table(title="Studies", title_justify="left", box=None, padding=(0, 2))
    for header in ("study", "title", "source", "rows", "seeds"):
        table.add_column(header)
    for study in studies:
        table.add_row(
            study.name, study.title, _source(study), str(len(study.rows)), str(len(study.seeds))
        )
    return table


def study_view(study: Study) -> RenderableType:
    """Show a study's rows: what each changes, and what was printed for it."""
    published = study.published_table()
    columns = published.columns if published else ()
    table = Table(box=None, padding=(0, 2))
    for header in ("row", "change", *columns):
        table.add_column(header)
    for row in study.rows:
        change = "\n".join(f"{path} = {value}" for path, value in row.change.items())
        values = load_published().row(row.published).values if row.published else ()
        table.add_row(row.name, change or "the baseline", *values)
    claims = [load_published().claim(claim) for claim in study.claims]
    return Group(
        Text(f"{study.name}: {study.title} ({_source(study)})", style="bold"),
        Text(
            f"seeds {', '.join(map(str, study.seeds))}; printed values in the columns at the right"
        ),
        table,
        *(Text(f"claim {claim.id}: {claim.claim}") for claim in claims),
    )


def plan_view(plans: Sequence[Plan]) -> RenderableType:
    """Show what each study needs, what is shared, finished, and left to train."""
    table = Table(box=None, padding=(0, 2))
    for header in ("study", "corpus", "scale", "rows x seeds", "shared", "finished", "to train"):
        table.add_column(header)
    seen: set[str] = set()
    for plan in plans:
        new = [key for key in plan.by_key if key not in seen]
        missing = [key for key in new if key not in plan.finished]
        table.add_row(
            plan.study.name,
            f"{plan.corpus.name} {plan.corpus.fingerprint[:12]}",
            plan.scale,
            f"{len(plan.trials)} x {plan.num_cells // len(plan.trials)} = {plan.num_cells}",
            str(plan.num_cells - len(new)),
            str(len(new) - len(missing)),
            str(len(missing)),
        )
        seen |= set(new)
    finished = {key for plan in plans for key in plan.finished}
    summary = Text(
        f"{sum(plan.num_cells for plan in plans)} cells x seeds are {len(seen)} trials: "
        f"{len(finished)} finished, {len(seen - finished)} to train",
        style="bold",
    )
    return Group(table, *_shared_rows(plans), summary)


def corpus_view(manifest: Manifest) -> RenderableType:
    """Show what a prepared corpus holds, what was left out, and why."""
    table = Table(box=None, padding=(0, 2))
    for header in ("split", "utterances", "minutes", "frames", "with a face", *manifest.emotions):
        table.add_column(header, justify="left" if header == "split" else "right")
    for split, counts in manifest.splits.items():
        share = counts.num_frames_with_face / max(counts.num_frames, 1)
        table.add_row(
            split,
            str(counts.num_utterances),
            f"{counts.seconds / 60:.1f}",
            str(counts.num_frames),
            f"{share:.1%}",
            *(str(counts.positives[emotion]) for emotion in manifest.emotions),
        )
    kept = [
        f"{sum(counts.remarks[remark] for counts in manifest.splits.values())} {remark}"
        for remark in next(iter(manifest.splits.values())).remarks
    ]
    return Group(
        Text(
            f"corpus '{manifest.name}' ({manifest.kind}), recipe '{manifest.recipe.name}', "
            f"fingerprint {manifest.fingerprint[:12]}",
            style="bold",
        ),
        table,
        Text(f"kept all the same: {', '.join(kept)}"),
        Text(f"rejected: {len(manifest.rejects)}"),
        *(Text(f"  {r.utterance} ({r.split}): {r.reason}, {r.detail}") for r in manifest.rejects),
    )


def _shared_rows(plans: Sequence[Plan]) -> list[Text]:
    """Name the rows that stand for one trial."""
    groups: dict[tuple[str, ...], int] = {}
    every = {key for plan in plans for key in plan.by_key}
    for key in every:
        rows = tuple(str(row) for plan in plans for row in plan.rows_by_key.get(key, ()))
        if len(rows) > 1:
            groups[rows] = groups.get(rows, 0) + 1
    return [
        Text(f"shared, trained once: {' = '.join(rows)} ({count} seeds)")
        for rows, count in sorted(groups.items())
    ]


def _source(study: Study) -> str:
    return f"{study.source.paper.authors}, {study.source.label}" if study.source else "own"
