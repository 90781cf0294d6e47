"""Studies that no paper has: all systems side by side, more fusions, and controls."""

from search_spaces.change import Change
from search_spaces.columns import OF_NUMBERS
from search_spaces.studies.le2023 import unimodal
from search_spaces.studies.planted import planted_claims
from search_spaces.study import ANY_CORPUS, ANY_OF_NUMBERS, RECONSTRUCTED, Column, Row, Study
from search_spaces.systems.dai import FE2E, MESM
from search_spaces.systems.features import BIMHA, EMOEMBS, LF_LSTM, LF_TRANSFORMER, MULT
from search_spaces.systems.le import LE
from search_spaces.systems.xia import CMHA, XIA

COLUMNS = {
    "iemocap": (Column(metric="acc", header="Acc"), Column(metric="f1", header="F1")),
    "mosei": (Column(metric="wacc", header="WAcc"), Column(metric="f1", header="F1")),
    ANY_CORPUS: (
        Column(metric="acc", header="Acc"),
        Column(metric="wacc", header="WAcc"),
        Column(metric="f1", header="F1"),
    ),
    ANY_OF_NUMBERS: OF_NUMBERS,
}

CLS_HEAD: Change = {"model.head": {"kind": "cls"}}

SYSTEMS = Study(
    name="systems",
    title="Every system of both papers",
    baseline=LE,
    columns=COLUMNS,
    rows=(
        Row(name="LF-LSTM", baseline=LF_LSTM),
        Row(name="LF-TRANS", baseline=LF_TRANSFORMER),
        Row(name="EmoEmbs", baseline=EMOEMBS),
        Row(name="MulT", baseline=MULT),
        Row(name=f"BIMHA {RECONSTRUCTED}", baseline=BIMHA),
        Row(name=f"CMHA {RECONSTRUCTED}", baseline=CMHA),
        Row(name="MESM", baseline=MESM),
        Row(name="FE2E", baseline=FE2E),
        Row(name="MER-SEM-MBT", baseline=XIA),
        Row(name="Transformer fusion, emotion-level embedding"),
    ),
)

FUSIONS = Study(
    name="fusions",
    title="Fusions of text, audio and vision",
    baseline=LE,
    columns=COLUMNS,
    rows=(
        Row(name="early", change={**CLS_HEAD, "model.fusion": {"kind": "early"}}),
        Row(name="gated", change={**CLS_HEAD, "model.fusion": {"kind": "gated"}}),
        Row(name="bottleneck", change={**CLS_HEAD, "model.fusion": {"kind": "bottleneck"}}),
        Row(name="transformer", change=CLS_HEAD),
        Row(
            name="transformer, modality dropout .2",
            change={**CLS_HEAD, "model.modality_dropout": 0.2},
        ),
    ),
    claims=planted_claims("fusions"),
)

CONTROLS = Study(
    name="controls",
    title="Controls: a change without effect, and faces without their movement",
    baseline=LE,
    columns=COLUMNS,
    rows=(
        Row(name="full"),
        Row(name="placebo", change={"training.weight_decay": 1e-9}),
        Row(name="faces", change=unimodal("vision")),
        Row(
            name="faces, first frame",
            change={**unimodal("vision"), "model.vision.frames": "first"},
        ),
    ),
    claims=planted_claims("controls"),
)
"""The placebo decays weights so little that only the rounding of the last digits differs."""
