"""The architectures of both papers: depths, fusions, semantic enhancement, learning rates."""

from models.configs import le, xia
from search_spaces.space import Choice, IntRange, LogRange, Space, choice_of
from search_spaces.studies.beyond import CLS_HEAD
from search_spaces.studies.xia2022 import (
    ALL_AUDIO,
    ALL_VISION,
    AUDIO_SEMS,
    VISION_SEMS,
    WITHOUT_SEM,
)

LE, XIA = {"system": ("le",)}, {"system": ("xia",)}
NUM_TOKENS = (1, 2, 4, 8, 16)

LE_FIELDS = (
    IntRange(path="model.audio.depth", low=1, high=4, when=LE),
    IntRange(path="model.vision.depth", low=1, high=4, when=LE),
    Choice(
        name="fusion",
        options={
            "transformer": {"model.fusion": le.TransformerFusion().model_dump()},
            "bottleneck": {"model.fusion": le.BottleneckFusion().model_dump()},
            "gated": {"model.fusion": le.GatedFusion().model_dump(), **CLS_HEAD},
            "early": {"model.fusion": le.EarlyFusion().model_dump(), **CLS_HEAD},
        },
        when=LE,
    ),
    IntRange(
        path="model.fusion.depth", low=1, high=6, when={"fusion": ("transformer", "bottleneck")}
    ),
    choice_of("model.fusion.num_tokens", NUM_TOKENS, when={"fusion": ("bottleneck",)}),
    Choice(
        name="head",
        options={
            "emotion_decoder": {"model.head": le.EmotionDecoder().model_dump()},
            "cls": CLS_HEAD,
        },
        when={"fusion": ("transformer", "bottleneck")},
    ),
    IntRange(path="model.head.depth", low=1, high=6, when={"head": ("emotion_decoder",)}),
)
"""The fields of Le et al. Their Table 6 has depths from 1 to 6. Only a sequence can be decoded."""


def sem_points(modality: str, groups: tuple[tuple[str, ...], ...], sem: tuple[str, ...]) -> Choice:
    """Make the choice of the groups of an encoder after which the text enters, if it enters."""
    path = f"model.{modality}.sem_after"
    return Choice(
        name=path,
        options={"+".join(points): {path: list(points)} for points in groups if points},
        when={"sem": sem},
    )


XIA_FIELDS = (
    Choice(
        name="sem",
        options={
            "audio+vision": {},
            "audio": {"model.vision.sem_after": []},
            "vision": {"model.audio.sem_after": []},
            "off": WITHOUT_SEM,
        },
        when=XIA,
    ),
    sem_points("audio", (*AUDIO_SEMS, ALL_AUDIO), ("audio+vision", "audio")),
    sem_points("vision", (*VISION_SEMS, ALL_VISION), ("audio+vision", "vision")),
    Choice(
        name="cross",
        options={
            part.kind: {"model.cross": part.model_dump()}
            for part in (
                xia.Bottleneck(),
                xia.Independent(),
                xia.Joint(),
                xia.BiCross(),
                xia.NagraniBottleneck(),
            )
        },
        when=XIA,
    ),
    IntRange(
        path="model.cross.depth",
        low=1,
        high=3,
        when={"cross": ("bottleneck", "independent", "joint", "bicross")},
    ),
    choice_of("model.cross.num_tokens", NUM_TOKENS, when={"cross": ("bottleneck", "nagrani")}),
)
"""The fields of Xia et al. Nagrani et al.'s bottleneck keeps its two layers, for the first
exchanges nothing."""

ARCHITECTURE = Space(
    name="architecture",
    title="Architectures of both papers",
    systems={
        "le": "search_spaces.systems.le:LE",
        "xia": "search_spaces.systems.xia:XIA",
    },
    fields=(
        *LE_FIELDS,
        *XIA_FIELDS,
        LogRange(path="training.learning_rate", low=3e-5, high=3e-3),
        LogRange(
            path="training.pretrained_learning_rate",
            low=1e-6,
            high=1e-4,
            when={"scale": ("paper",)},
        ),
    ),
)
"""At the smaller scales the weights are random, so there is one learning rate."""
