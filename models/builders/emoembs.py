"""Builds EmoEmbs of Dai et al. (AACL 2020)."""

from torch import Tensor, nn

from models.builders.features import build_late_fusion, build_layout, build_prepare
from models.configs.base import Modality
from models.configs.emoembs import EmoEmbsConfig, emotion_word
from models.encoders.branch import Branch
from models.encoders.emotion_match import EmotionMatch, random_vectors
from models.encoders.features import FeatureEncoder
from models.encoders.lstm import Lstm, SummedLastStep, freeze_unread
from models.inputs import FeatureInputs
from models.systems.decision_fusion import DecisionFusionModel
from models.task import Task


def build_emoembs(config: EmoEmbsConfig, task: Task) -> DecisionFusionModel[FeatureInputs]:
    """Build one LSTM for each modality, and the vectors that its state is compared with.

    Raises:
        ValueError: If the config names word vectors, and the task has none or of another length.
    """
    vectors = _vectors(config, task)
    branches = {
        modality: _branch(config, task, modality, vectors) for modality in config.modalities
    }
    return build_late_fusion(config, task, branches)


def _branch(config: EmoEmbsConfig, task: Task, modality: Modality, vectors: Tensor) -> Branch:
    hidden = _hidden(config)[modality]
    lstm = nn.LSTM(
        task.features[modality].width,
        hidden,
        num_layers=config.num_layers,
        dropout=config.dropout if config.num_layers > 1 else 0.0,
        batch_first=True,
        bidirectional=True,
    )
    freeze_unread(lstm)
    encoder = FeatureEncoder(
        prepare=build_prepare(config, task, modality),
        layout=build_layout(padding_as_steps=config.compat_dai_padding),
        encode=Lstm(lstm, read=SummedLastStep()),
    )
    mapping = nn.Identity() if modality == "text" else nn.Linear(vectors.shape[1], hidden)
    return Branch(encoder=encoder, head=EmotionMatch(vectors, mapping=mapping))


def _hidden(config: EmoEmbsConfig) -> dict[Modality, int]:
    hidden = config.hidden
    return {"text": hidden.text, "audio": hidden.audio, "vision": hidden.vision}


def _vectors(config: EmoEmbsConfig, task: Task) -> Tensor:
    if not config.text.pretrained:
        words = [emotion_word(emotion) for emotion in task.emotions]
        return random_vectors(words, config.hidden.text)
    if task.emotion_vectors is None:
        raise ValueError(
            f"the task holds no emotion_vectors, but model.text.weights is "
            f"{config.text.weights!r}; give the task the vectors from there"
        )
    width = task.emotion_vectors.shape[1]
    if width != config.hidden.text:
        raise ValueError(
            f"model.hidden.text {config.hidden.text} differs from the length of the emotions' "
            f"word vectors in {config.text.weights!r}; choose {width}"
        )
    return task.emotion_vectors
