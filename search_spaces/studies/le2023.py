"""Studies of Le et al.: transformer fusion and emotion-level representation learning."""

from models.configs.base import Modality
from models.configs.le import VGG19
from search_spaces.change import Change
from search_spaces.claim import Comparison, Score
from search_spaces.columns import OF_NUMBERS, emotion_columns
from search_spaces.paper_claims import restate
from search_spaces.studies.planted import planted_claims
from search_spaces.study import ANY_CORPUS, ANY_OF_NUMBERS, Column, Paper, Row, Source, Study
from search_spaces.systems.dai import FE2E
from search_spaces.systems.features import EMOEMBS, LF_LSTM, LF_TRANSFORMER, MULT
from search_spaces.systems.le import LE, LE_RELEASED_TRAINING

LE2023 = Paper(
    title=(
        "Multi-Label Multimodal Emotion Recognition With Transformer-Based Fusion and "
        "Emotion-Level Representation Learning"
    ),
    authors="Le, Lee, Kim, Kim, Yang",
    venue="IEEE Access",
)

ABLATION_COLUMNS = {
    "iemocap": (
        Column(metric="acc", header="Acc", published="IEMOCAP.Acc"),
        Column(metric="f1", header="F1", published="IEMOCAP.F1"),
    ),
    "mosei": (
        Column(metric="wacc", header="WAcc", published="MOSEI.WAcc"),
        Column(metric="f1", header="F1", published="MOSEI.F1"),
    ),
    ANY_CORPUS: (
        Column(metric="acc", header="Acc"),
        Column(metric="wacc", header="WAcc"),
        Column(metric="f1", header="F1"),
    ),
    ANY_OF_NUMBERS: OF_NUMBERS,
}

EMOTION_COLUMNS = {
    "iemocap": emotion_columns(
        {"Acc": "acc", "F1": "f1"},
        {
            "Angry": "ang",
            "Excited": "exc",
            "Frustrated": "fru",
            "Happy": "hap",
            "Neutral": "neu",
            "Sad": "sad",
        },
        average_is_printed=True,
    ),
    "mosei": emotion_columns(
        {"WAcc": "wacc", "F1": "f1"},
        {
            "Angry": "anger",
            "Disgusted": "disgust",
            "Fear": "fear",
            "Happy": "happy",
            "Sad": "sad",
            "Surprised": "surprise",
        },
        average_is_printed=True,
    ),
    ANY_CORPUS: ABLATION_COLUMNS[ANY_CORPUS],
    ANY_OF_NUMBERS: OF_NUMBERS,
}


def depths(*, vision: int, audio: int, fusion: int, decoder: int) -> Change:
    """Change the numbers of layers, in the order of the paper's Table 6."""
    return {
        "model.vision.depth": vision,
        "model.audio.depth": audio,
        "model.fusion.depth": fusion,
        "model.head.depth": decoder,
    }


def unimodal(modality: Modality) -> Change:
    """Train one branch alone."""
    return {
        "model.modalities": [modality],
        "model.fusion": {"kind": "none"},
        "model.head": {"kind": "cls"},
    }


def both_tables(row: str) -> tuple[str, str]:
    """Refer to a row of Table 3, IEMOCAP, and of Table 4, CMU-MOSEI."""
    return (f"le_t3/{row}", f"le_t4/{row}")


EARLY_FUSION: Change = {"model.fusion": {"kind": "early"}, "model.head": {"kind": "cls"}}

_SMALL_CNN: Change = {"cnn": "dai", "convs_per_group": list(VGG19), "batch_norm": True}
SMALL_CNN: Change = {
    **{f"model.audio.{field}": value for field, value in _SMALL_CNN.items()},
    **{f"model.vision.{field}": value for field, value in _SMALL_CNN.items()},
    "model.vision.resize_px": 48,
    "model.vision.pool": [1, 1],
}
"""The CNN of FE2E, on faces of 48 px: all scales pool them no further, as FE2E does."""

ENCODER_CLS: Change = {"model.audio.attends_cls": True, "model.vision.attends_cls": True}
WITHOUT_TEXT_CLS: Change = {"model.text.fuses_cls": False}
SLOW_PROJECTION: Change = {"model.text.projection_rate": "pretrained"}
MEMORY_WITHOUT_CLS: Change = {"model.head.reads_cls": False}
UNTRAINED_EMBEDDINGS: Change = {"model.head.trains_embeddings": False}
RELEASED: Change = {
    **SMALL_CNN,
    **ENCODER_CLS,
    **WITHOUT_TEXT_CLS,
    **SLOW_PROJECTION,
    **MEMORY_WITHOUT_CLS,
    **UNTRAINED_EMBEDDINGS,
    **depths(vision=2, audio=2, fusion=2, decoder=2),
}
"""The model of the released code, whose command halves four layers to two everywhere."""

MAIN = Study(
    name="main",
    title="The model beside earlier systems",
    source=Source(paper=LE2023, label="Tables 3 and 4"),
    baseline=LE,
    columns=EMOTION_COLUMNS,
    rows=(
        Row(name="Audio - VGG19", change=unimodal("audio"), published=both_tables("audio_vgg19")),
        Row(name="Image - VGG19", change=unimodal("vision"), published=both_tables("image_vgg19")),
        Row(name="Text - ALBERT", change=unimodal("text"), published=both_tables("text_albert")),
        Row(name="Late Fusion - LSTM", baseline=LF_LSTM, published=both_tables("lf_lstm")),
        Row(name="Late Fusion - Trans", baseline=LF_TRANSFORMER, published=both_tables("lf_trans")),
        Row(name="EmoEmbs", baseline=EMOEMBS, published=both_tables("emoembs")),
        Row(name="MulT", baseline=MULT, published=both_tables("mult")),
        Row(name="FE2E", baseline=FE2E, published=both_tables("fe2e")),
        Row(name="Ours", published=both_tables("ours")),
    ),
    claims=(
        *("L01", "L02", "L03", "L04"),
        *("L05a", "L05b", "L05c", "L05d"),
        *("L06a", "L06b", "L06c", "L06d", "L06e", "L06f"),
        "L08",
    ),
)

LAYERS = Study(
    name="layers",
    title="Numbers of transformer encoders and decoders",
    source=Source(paper=LE2023, label="Table 6"),
    baseline=LE,
    columns=ABLATION_COLUMNS,
    rows=(
        Row(
            name="1-1-1-1",
            change=depths(vision=1, audio=1, fusion=1, decoder=1),
            published="le_t6/d1111",
        ),
        Row(
            name="1-1-2-2",
            change=depths(vision=1, audio=1, fusion=2, decoder=2),
            published="le_t6/d1122",
        ),
        Row(
            name="2-2-2-2",
            change=depths(vision=2, audio=2, fusion=2, decoder=2),
            published="le_t6/d2222",
        ),
        Row(
            name="2-2-4-4",
            change=depths(vision=2, audio=2, fusion=4, decoder=4),
            published="le_t6/d2244",
        ),
        Row(
            name="4-4-4-4",
            change=depths(vision=4, audio=4, fusion=4, decoder=4),
            published="le_t6/d4444",
        ),
        Row(
            name="4-4-6-6",
            change=depths(vision=4, audio=4, fusion=6, decoder=6),
            published="le_t6/d4466",
        ),
    ),
    claims=(
        *("L12a", "L12b", "L12c", "L12d"),
        restate(
            "L13",
            [Comparison(row="2-2-2-2", rival="4-4-4-4", score=Score("iemocap", "acc"))],
            [Comparison(row="4-4-4-4", rival="2-2-2-2", score=Score("mosei", "wacc"))],
            note="Two layers everywhere beat four on IEMOCAP, and four beat two on CMU-MOSEI.",
        ),
        *planted_claims("layers"),
    ),
)

COMPONENTS = Study(
    name="components",
    title="Components of the model",
    source=Source(paper=LE2023, label="Table 5"),
    baseline=LE,
    columns=ABLATION_COLUMNS,
    rows=(
        Row(name="Text - ALBERT", change=unimodal("text"), published="le_t5/text_albert"),
        Row(name="Image - VGG19", change=unimodal("vision"), published="le_t5/image_vgg19"),
        Row(name="Spectrogram - VGG19", change=unimodal("audio"), published="le_t5/spec_vgg19"),
        Row(
            name="Early Fusion",
            change=EARLY_FUSION,
            published="le_t5/early_fusion",
        ),
        Row(
            name="+ Transformer-based Fusion",
            change={"model.head": {"kind": "cls"}},
            published="le_t5/fusion",
        ),
        Row(
            name="+ Transformer-based Fusion + Emotion-level Embedding",
            published="le_t5/fusion_emo",
        ),
    ),
    claims=(
        "L07",
        *("L09a", "L09b", "L09c", "L09d"),
        *("L10a", "L10b", "L10c", "L10d"),
        *("L11a", "L11b", "L11c", "L11d"),
        *planted_claims("components"),
    ),
)

LE_READING = Study(
    name="le-reading",
    title="What the paper prints and what the released code trains",
    source=Source(paper=LE2023, label="Section IV"),
    baseline=LE,
    columns=ABLATION_COLUMNS,
    rows=(
        Row(name="as printed", published="le_t5/fusion_emo"),
        Row(name="as released", baseline=LE_RELEASED_TRAINING, change=RELEASED),
        Row(name="small CNN, 48 px", change=SMALL_CNN),
        Row(name="[CLS] in the audio and image encoders", change=ENCODER_CLS),
        Row(name="fusion without ALBERT's [CLS]", change=WITHOUT_TEXT_CLS),
        Row(name="text projection at ALBERT's rate", change=SLOW_PROJECTION),
        Row(name="decoder memory without [CLS]", change=MEMORY_WITHOUT_CLS),
        Row(name="untrained emotion embeddings", change=UNTRAINED_EMBEDDINGS),
        Row(name="released training", baseline=LE_RELEASED_TRAINING),
        Row(
            name="early fusion, as printed",
            change=EARLY_FUSION,
            published="le_t5/early_fusion",
        ),
        Row(
            name="early fusion, as released",
            change={"model.fusion": {"kind": "concat"}, "model.head": {"kind": "cls"}},
        ),
        Row(name="text, as printed", change=unimodal("text"), published="le_t5/text_albert"),
        Row(
            name="text, as released",
            change={**unimodal("text"), "model.fusion": {"kind": "none", "projects_text": True}},
        ),
    ),
)
"""The first author's repository (HoaiDuyLe/MER_with_Transformer, 2023), one difference a row.

Two differences are no rows. The two layers everywhere of the released code are the printed depth on
IEMOCAP; for CMU-MOSEI, `layers` compares them with four. Frames are a matter of preparation.
"""
