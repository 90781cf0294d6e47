"""Studies that no paper has: every system side by side, and fusions beyond the papers."""

from search_spaces.change import Change
from search_spaces.study import ANY_CORPUS, RECONSTRUCTED, Column, Row, Study
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
)
