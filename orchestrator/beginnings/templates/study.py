"""A study: does the model of Le et al. need more than text?

    mmer-sweep plan beginning.py    # which trials it needs, how long they take, what they decide
    mmer-sweep run beginning.py     # trains them, and writes the table

Without --corpus it trains on the synthetic corpus, which the first run makes. Edit it and run it
again: only what is new is trained.
"""

from mmer_sweep import ANY_CORPUS, LE, Column, Row, Study, greater

CORPUS = "synthetic"  # yours, by the name that `mmer-sweep prepare` gave it

# A model of one modality has nothing to fuse.
ONE = {"model.fusion": {"kind": "none"}, "model.head": {"kind": "cls"}}

BEGINNING = Study(
    name="beginning",
    title="Modalities of Le et al.'s model",
    baseline=LE,  # also XIA, FE2E, MESM, ...: docs/systems.md
    rows=(
        # A row changes fields of the baseline, by their paths; `plan` tells a wrong path.
        Row(name="text", change={"model.modalities": ["text"], **ONE}),
        Row(name="text, audio", change={"model.modalities": ["text", "audio"]}),
        Row(name="all"),
        # Row(name="all, slower", change={"training.learning_rate": 1e-4}),
    ),
    columns={
        ANY_CORPUS: (Column(metric="f1", header="F1"), Column(metric="acc", header="Acc")),
    },
    seeds=(0, 1, 2),
    claims=(
        # A sentence under test, judged over seeds and test utterances: docs/report.md.
        greater("more", "all beats text alone", "all", "text", corpus=CORPUS, metric="f1"),
    ),
    # published="beginning.yaml",  # values of a paper beside yours: `mmer-sweep init published`
)
