"""Studies of Xia et al. 2022: semantic enhancement and the bottleneck transformer."""

from models.configs.base import Modality
from search_spaces.change import Change
from search_spaces.columns import OF_NUMBERS, emotion_columns
from search_spaces.studies import xia2022_readings as readings
from search_spaces.studies.planted import planted_claims
from search_spaces.study import (
    ANY_CORPUS,
    ANY_OF_NUMBERS,
    RECONSTRUCTED,
    Column,
    Paper,
    Row,
    Source,
    Study,
)
from search_spaces.systems.dai import FE2E, MESM
from search_spaces.systems.features import BIMHA, EMOEMBS, LF_LSTM, LF_TRANSFORMER, MULT
from search_spaces.systems.xia import CMHA, XIA

XIA2022 = Paper(
    title="Multimodal interaction enhanced representation learning for video emotion recognition",
    authors="Xia, Zhao, Jiang",
    venue="Frontiers in Neuroscience",
)

ABLATION_COLUMNS = {
    "iemocap": (
        Column(metric="acc", header="Acc", published="IEMOCAP.Acc"),
        Column(metric="f1", header="F1", published="IEMOCAP.F1"),
    ),
    "mosei": (
        Column(metric="wacc", header="WA", published="MOSEI.WA"),
        Column(metric="f1", header="F1", published="MOSEI.F1"),
    ),
    ANY_CORPUS: (
        Column(metric="acc", header="Acc"),
        Column(metric="wacc", header="WA"),
        Column(metric="f1", header="F1"),
    ),
    ANY_OF_NUMBERS: OF_NUMBERS,
}

EMOTION_COLUMNS = {
    "iemocap": emotion_columns(
        {"Acc": "acc", "F1": "f1"},
        {
            "Happiness": "hap",
            "Anger": "ang",
            "Sadness": "sad",
            "Excited": "exc",
            "Frustrated": "fru",
            "Neutral": "neu",
        },
        average_is_printed=False,
    ),
    "mosei": emotion_columns(
        {"WA": "wacc", "F1": "f1"},
        {
            "Happiness": "happy",
            "Sadness": "sad",
            "Anger": "anger",
            "Surprise": "surprise",
            "Fear": "fear",
            "Disgust": "disgust",
        },
        average_is_printed=False,
    ),
    ANY_CORPUS: ABLATION_COLUMNS[ANY_CORPUS],
    ANY_OF_NUMBERS: OF_NUMBERS,
}

WITHOUT_SEM: Change = {"model.audio.sem_after": [], "model.vision.sem_after": []}
WITHOUT_MBT: Change = {"model.cross": {"kind": "independent"}}
WITHOUT_TEXT: Change = {"model.modalities": ["audio", "vision"]}
"""No textual decision; text still enters through the SEMs, if there are any."""

AUDIO_SEMS = ((), ("conv4",), ("conv2", "conv4"), ("conv2", "conv3", "conv4"))
VISION_SEMS = ((), ("conv5",), ("conv3", "conv5"), ("conv3", "conv4", "conv5"))
"""Where n SEMs stand; the paper states the third and the fourth entry of the audio encoder."""

ALL_AUDIO = ("conv1", "conv2", "conv3", "conv4")
ALL_VISION = ("conv2", "conv3", "conv4", "conv5")


def unimodal(modality: Modality, sem_after: tuple[str, ...]) -> Change:
    """Let one modality decide alone: SER or FER, enhanced by text after some groups."""
    return {
        **WITHOUT_MBT,
        "model.modalities": [modality],
        f"model.{modality}.sem_after": list(sem_after),
    }


def both_halves(row: str) -> tuple[str, str]:
    """Refer to a row of Table 2, in the halves of IEMOCAP and of CMU-MOSEI."""
    return (f"xia_t2_iemocap/{row}", f"xia_t2_mosei/{row}")


SOTA = Study(
    name="sota",
    title="The model beside the state of the art",
    source=Source(paper=XIA2022, label="Table 2 and Figure 4"),
    baseline=XIA,
    columns=EMOTION_COLUMNS,
    rows=(
        Row(name="LF-LSTM", baseline=LF_LSTM, published=both_halves("lf_lstm")),
        Row(name="LF-TRANS", baseline=LF_TRANSFORMER, published=both_halves("lf_trans")),
        Row(name="EmoEmbs", baseline=EMOEMBS, published=both_halves("emoembs")),
        Row(name="MulT", baseline=MULT, published=both_halves("mult")),
        Row(name=f"BIMHA {RECONSTRUCTED}", baseline=BIMHA, published=both_halves("bimha")),
        Row(name=f"CMHA {RECONSTRUCTED}", baseline=CMHA, published=both_halves("cmha")),
        Row(name="MESM", baseline=MESM, published=both_halves("mesm")),
        Row(name="FE2E", baseline=FE2E, published=both_halves("fe2e")),
        Row(name="MER-SEM-MBT", published=both_halves("full")),
        Row(
            name="MER-SEM-MBT without the textual decision",
            change=WITHOUT_TEXT,
            published=both_halves("full_wo_text"),
        ),
    ),
    claims=(
        *("X02a", "X02b", "X02c", "X02d"),
        *(readings.MOST_CELLS, readings.COMPARABLE_WITHOUT_TEXT, readings.END_TO_END_IS_BETTER),
        *(readings.SIGNIFICANT, readings.COST),
    ),
)

MODULES = Study(
    name="modules",
    title="Semantic enhancement and the bottleneck transformer",
    source=Source(paper=XIA2022, label="Table 3"),
    baseline=XIA,
    columns=ABLATION_COLUMNS,
    rows=(
        Row(name="MER", change={**WITHOUT_SEM, **WITHOUT_MBT}, published="xia_t3/mer"),
        Row(name="MER-SEM", change=WITHOUT_MBT, published="xia_t3/mer_sem"),
        Row(name="MER-MBT", change=WITHOUT_SEM, published="xia_t3/mer_mbt"),
        Row(name="MER-SEM-MBT", published="xia_t3/mer_sem_mbt"),
    ),
    claims=(
        *("X01a", "X01b", "X01c", "X01d"),
        *("X06a", "X06b", "X06c", "X06d"),
        *("X07a", "X07b", "X07c", "X07d"),
        *planted_claims("modules"),
    ),
)

UNIMODAL = Study(
    name="unimodal",
    title="Semantic enhancement of speech and facial emotion recognition",
    source=Source(paper=XIA2022, label="Table 4"),
    baseline=XIA,
    columns=ABLATION_COLUMNS,
    rows=(
        Row(name="SER (audio)", change=unimodal("audio", ()), published="xia_t4/ser_wo"),
        Row(
            name="SER with SEM (audio, text)",
            change=unimodal("audio", ("conv2", "conv4")),
            published="xia_t4/ser_w",
        ),
        Row(name="FER (faces)", change=unimodal("vision", ()), published="xia_t4/fer_wo"),
        Row(
            name="FER with SEM (faces, text)",
            change=unimodal("vision", ("conv3", "conv5")),
            published="xia_t4/fer_w",
        ),
    ),
    claims=("X08a", "X08b", "X09a", "X09b", "X09c", "X09d", *planted_claims("unimodal")),
)

SEM = Study(
    name="sem",
    title="Numbers of semantic enhancement modules",
    source=Source(paper=XIA2022, label="Figure 5"),
    baseline=XIA,
    columns=ABLATION_COLUMNS,
    rows=(
        *(
            Row(
                name=f"SER, {number} SEM",
                change=unimodal("audio", groups),
                published={0: "xia_t4/ser_wo", 2: "xia_t4/ser_w"}.get(number, ()),
            )
            for number, groups in enumerate((*AUDIO_SEMS, ALL_AUDIO))
        ),
        *(
            Row(
                name=f"FER, {number} SEM",
                change=unimodal("vision", groups),
                published={0: "xia_t4/fer_wo", 2: "xia_t4/fer_w"}.get(number, ()),
            )
            for number, groups in enumerate((*VISION_SEMS, ALL_VISION))
        ),
    ),
    claims=(readings.TWO_OR_THREE_SEMS, *planted_claims("sem")),
)

CROSS_MODAL = Study(
    name="cross-modal",
    title="Encoders across audio and faces, without text",
    source=Source(paper=XIA2022, label="Table 5"),
    baseline=XIA,
    columns=ABLATION_COLUMNS,
    rows=(
        Row(
            name="JointAtt",
            change={**WITHOUT_SEM, **WITHOUT_TEXT, "model.cross": {"kind": "joint"}},
            published="xia_t5/jointatt",
        ),
        Row(
            name="Bi-CrossAtt",
            change={**WITHOUT_SEM, **WITHOUT_TEXT, "model.cross": {"kind": "bicross"}},
            published="xia_t5/bicross",
        ),
        Row(name="MBT", change={**WITHOUT_SEM, **WITHOUT_TEXT}, published="xia_t5/mbt"),
    ),
    compared_with="MBT",
    claims=("X11a", "X11b", "X11c", "X11d", *planted_claims("cross-modal")),
)

BOTTLENECKS = Study(
    name="bottlenecks",
    title="Numbers of bottleneck tokens",
    source=Source(paper=XIA2022, label="Section 4.3"),
    baseline=XIA,
    columns=ABLATION_COLUMNS,
    rows=tuple(
        Row(
            name=str(number),
            change={"model.cross.num_tokens": number},
            published="xia_t3/mer_sem_mbt" if number == 4 else (),
        )
        for number in (1, 2, 4, 8, 16)
    ),
    claims=(readings.ANY_NUMBER_OF_TOKENS, *planted_claims("bottlenecks")),
)

SEM_READING = Study(
    name="sem-reading",
    title="Readings of the attention in semantic enhancement",
    source=Source(paper=XIA2022, label="Section 3.1.4"),
    baseline=XIA,
    columns=ABLATION_COLUMNS,
    rows=(
        Row(name="softmax over sites", published="xia_t3/mer_sem_mbt"),
        Row(name="softmax over the key (as printed)", change={"model.sem.attention": "key"}),
        Row(name="sigmoid of each site", change={"model.sem.attention": "sigmoid"}),
        Row(name="softmax over tokens", change={"model.sem.attention": "tokens"}),
        Row(name="no SEM", change=WITHOUT_SEM, published="xia_t3/mer_mbt"),
    ),
)
