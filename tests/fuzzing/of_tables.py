"""Readers of printed tables, results of others, prices, settings and changes."""

import json
from collections.abc import Sequence
from pathlib import Path

from corpora.parsing.yaml_text import parse_yaml
from orchestrator.forecast.prices import find_prices
from orchestrator.project.read import FILE, read_project
from reports.given.assess import Reading, Source, assess
from reports.given.claims_file import read_claims
from reports.given.columns import ColumnNames
from search_spaces.change import apply_change
from search_spaces.printed.draft import draft
from search_spaces.printed.grid import read_grid
from search_spaces.printed.numbers import printed_scores
from search_spaces.printed.read import read_published
from search_spaces.trial import TrialConfig
from tests.fuzzing.inputs import Form
from tests.fuzzing.laying import alone, beside, in_file
from tests.fuzzing.trying import Reader
from tests.reports.given.factories import BASE, FAR, NEAR, long_lines

PUBLISHED = """\
schema: 1
tables:
  t1:
    paper: mine
    label: Table 1
    dataset: IEMOCAP
    unit: percent
    columns: [Angry.F1, Happy.F1, Avg.F1]
    rows:
    - {id: plain, name: Plain model, v: ['60.1', '61.2', '60.7'], bold: [1]}
    - {id: gated, name: Gated model, v: ['62.1', '-', '63.7']}
claims:
- {id: C1, paper: mine, claim: gates help, kind: delta, published: '3.0',
   cells: [t1/gated/Avg.F1, t1/plain/Avg.F1]}
names: {F1: f1}
"""
PRINTED_CSV = "Model,Happy.F1,Sad.F1\nplain,60.1,**61.2**\ngated,62.1±0.4,-\n"
PRINTED_LATEX = r"""
\begin{tabular}{l|cc}
\toprule
Model & \multicolumn{2}{c}{F1 $\uparrow$} \\
 & Happy & Sad \\
\midrule
\multirow{2}{*}{plain} & 60.1 & \textbf{61.2} \\[2pt]
 & 62.1 $\pm$ 0.4 & -- \\
\bottomrule
\end{tabular}
"""
CLUSTER = """\
head_node_type: head
idle_timeout_minutes: 5
metadata: {dollars_an_hour: {head: 0.1, gpu: 2.5}}
available_node_types:
  head: {resources: {CPU: 4}}
  gpu: {resources: {CPU: 8, GPU: 2, 'accelerator_type:T4': 1}}
"""
PROJECT = """\
storage = "kept"
corpus = "clips"
scale = "tiny"
tracking-uri = "sqlite:///a.db"
seeds = 3
measure = true
log-models = 1.5
"""
CLAIMS = """\
schema: 1
unit: percent
metrics: {ece: lower, other: {better: higher, unit: plain}}
claims:
- {id: C1, text: gates help, kind: better, row: gated, rivals: [plain], metric: f1, margin: 1}
- {id: C2, kind: same, row: near, rivals: plain, metric: f1, margin: '0.5'}
"""
CHANGES = (
    {"model.fusion.depth": 2, "training.learning_rate": 1e-4},
    {"model.fusion": {"kind": "early"}, "model.head": {"kind": "cls"}},
    {"model.head": {"kind": "cls"}, "training.max_epochs": 3},
)


def _results(_: Path) -> Sequence[bytes]:
    rows = {"plain": BASE, "gated": FAR, "near": NEAR}
    wide = ["row,seed,corpus,f1,accuracy", "plain,0,a,60,61", "plain,1,a,61,62", "gated,0,a,64,63"]
    both = (long_lines(rows), long_lines(rows, emotion="happy"), [*wide, "gated,1,a,65,64"])
    return ["\n".join(lines).encode() for lines in both]


def _assess(path: Path) -> object:
    return assess(Source(path), ColumnNames(), Reading())


def _claims(folder: Path) -> Sequence[bytes]:
    (folder / "results.csv").write_bytes(_results(folder)[0])
    return [
        CLAIMS.replace("metrics: {ece: lower, other: {better: higher, unit: plain}}\n", "").encode()
    ]


def _assess_claims(path: Path) -> object:
    return assess(Source(path.with_name("results.csv"), path), ColumnNames(), Reading())


def _read_published(path: Path) -> object:
    return printed_scores(read_published(path))


def _draft(path: Path) -> object:
    """Read a table, and what is written for its user to go on with."""
    return parse_yaml(draft(read_grid(path), "a table", path.name).text.encode())


def _change(_: Path, content: bytes) -> object:
    try:
        given = json.loads(content)
    except (ValueError, RecursionError):
        return None  # a study file is Python: it holds objects
    return apply_change(TrialConfig(), given)


def _of_changes(_: Path) -> Sequence[bytes]:
    return [json.dumps(change).encode() for change in CHANGES]


TEXT, JSON, YAML = Form.TEXT, Form.JSON, Form.YAML

OF_TABLES = (
    Reader("published YAML", YAML, alone(PUBLISHED), in_file("a.yaml", _read_published)),
    Reader("printed table, CSV", TEXT, alone(PRINTED_CSV), in_file("a.csv", _draft)),
    Reader("printed table, LaTeX", TEXT, alone(PRINTED_LATEX), in_file("a.tex", _draft)),
    Reader("results of others", TEXT, _results, in_file("a.csv", _assess)),
    Reader("claims about them", YAML, _claims, in_file("a.yaml", _assess_claims)),
    Reader("form of claims", YAML, alone(CLAIMS), in_file("a.yaml", read_claims)),
    Reader("cluster YAML", YAML, alone(CLUSTER), in_file("a.yaml", find_prices)),
    Reader("study change", JSON, _of_changes, _change),
    Reader("mmer-sweep.toml", TEXT, alone(PROJECT), beside(FILE, read_project)),
)
