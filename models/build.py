"""The only place that turns a config into modules."""

from torch import nn

from models import config as configs
from models.config import MODALITIES, LeConfig, Modality
from models.fusion import EarlyFusion, Join
from models.heads import ClsClassifier, EmotionClassifier
from models.layers import DecoderLayer, EncoderLayer
from models.le import LeModel
from models.log_mel import LogMel
from models.packed import PackedBranch
from models.projection import projection
from models.sequence import Absent
from models.text import Albert, TextBranch, load_albert, random_albert
from models.transformer import ClsToken, Transformer
from models.vgg import Vgg19, num_features
from models.weights import find_checkpoint


def build(config: LeConfig, *, num_emotions: int) -> nn.Module:
    """Build a model that maps `models.inputs.Inputs` to logits (B, K), in train mode.

    A checkpoint's values are loaded; all others come from `models.init.init_weights`, which must
    follow. Seed PyTorch's global random state (dropout) after both: building draws from it.

    Raises:
        WeightsError: If the checkpoint of `config.text.weights` cannot be had.
    """
    match config.fusion:
        case configs.Unimodal(modality=modality):
            model = _unimodal(config, modality, num_emotions)
        case configs.EarlyFusion() as fusion:
            model = _early_fusion(config, fusion, num_emotions)
        case configs.TransformerFusion() as fusion:
            model = _transformer_fusion(config, fusion, num_emotions)
    return model.train()


def _unimodal(config: LeConfig, modality: Modality, num_emotions: int) -> LeModel:
    """Read one modality and classify its [CLS] state: ALBERT's own, or a learned one."""
    branch: nn.Module
    width, cls = config.width, ClsToken(width=config.width)
    match modality:
        case "text":
            albert = _albert(config.text)
            width, branch = albert.width, TextBranch(backbone=albert, projection=nn.Identity())
        case "audio":
            branch = _audio(config, cls=cls)
        case "vision":
            branch = _vision(config, cls=cls)
    branches: dict[str, nn.Module] = {name: Absent(width=width) for name in MODALITIES} | {
        modality: branch
    }
    return LeModel(
        **branches, fusion=Join(), head=ClsClassifier(width=width, num_emotions=num_emotions)
    )


def _early_fusion(config: LeConfig, fusion: configs.EarlyFusion, num_emotions: int) -> LeModel:
    """Concatenate the [CLS] states of the branches and classify them with two layers."""
    return LeModel(
        text=_text(config),
        audio=_audio(config, cls=ClsToken(width=config.width)),
        vision=_vision(config, cls=ClsToken(width=config.width)),
        fusion=EarlyFusion(
            num_modalities=len(MODALITIES),
            width=config.width,
            hidden=fusion.hidden,
            dropout=fusion.dropout,
        ),
        head=ClsClassifier(width=fusion.hidden, num_emotions=num_emotions),
    )


def _transformer_fusion(
    config: LeConfig, fusion: configs.TransformerFusion, num_emotions: int
) -> LeModel:
    """Fuse whole sequences; the fused sequence is the only one with a learned [CLS]."""
    return LeModel(
        text=_text(config),
        audio=_audio(config, cls=nn.Identity()),
        vision=_vision(config, cls=nn.Identity()),
        fusion=_transformer(config, cls=ClsToken(width=config.width), depth=fusion.depth),
        head=_head(config, num_emotions),
    )


def _head(config: LeConfig, num_emotions: int) -> nn.Module:
    match config.head:
        case configs.ClsHead():
            return ClsClassifier(width=config.width, num_emotions=num_emotions)
        case configs.EmotionDecoder(depth=depth):
            return EmotionClassifier(
                width=config.width,
                num_emotions=num_emotions,
                layers=[_layer(DecoderLayer, config) for _ in range(depth)],
            )


def _transformer(config: LeConfig, *, cls: nn.Module, depth: int) -> Transformer:
    return Transformer(cls=cls, layers=[_layer(EncoderLayer, config) for _ in range(depth)])


def _layer(kind: type[EncoderLayer] | type[DecoderLayer], config: LeConfig) -> nn.Module:
    return kind(
        width=config.width,
        num_heads=config.layer.num_heads,
        feed_forward=config.layer.feed_forward,
        dropout=config.layer.dropout,
    )


def _text(config: LeConfig) -> TextBranch:
    albert = _albert(config.text)
    project = projection(
        features=albert.width, hidden=config.text.projection_hidden, width=config.width
    )
    return TextBranch(backbone=albert, projection=project)


def _albert(config: configs.AlbertConfig) -> Albert:
    sizes = config.sizes
    if sizes is None:
        return load_albert(find_checkpoint(config.weights).folder, max_tokens=config.max_tokens)
    return random_albert(
        vocabulary=sizes.vocabulary,
        embedding=sizes.embedding,
        hidden=sizes.hidden,
        num_layers=sizes.num_layers,
        num_heads=sizes.num_heads,
        feed_forward=sizes.feed_forward,
    )


def _audio(config: LeConfig, *, cls: nn.Module) -> PackedBranch:
    audio = config.audio
    return _packed(
        config,
        audio,
        compress=LogMel() if audio.log_mel else nn.Identity(),
        picture=(1, audio.num_mels, audio.chunk_frames),
        cls=cls,
    )


def _vision(config: LeConfig, *, cls: nn.Module) -> PackedBranch:
    face_px = config.vision.face_px
    return _packed(
        config, config.vision, compress=nn.Identity(), picture=(3, face_px, face_px), cls=cls
    )


def _packed(
    config: LeConfig,
    vgg: configs.VggConfig,
    *,
    compress: nn.Module,
    picture: tuple[int, int, int],
    cls: nn.Module,
) -> PackedBranch:
    """Build a branch for pictures of (channels, height, width)."""
    channels, height, width = picture
    rows, columns = vgg.pool
    features = num_features(
        base_channels=vgg.base_channels, height=height // rows, width=width // columns
    )
    return PackedBranch(
        prepare=nn.Sequential(nn.AvgPool2d(vgg.pool), compress),
        backbone=Vgg19(
            in_channels=channels, base_channels=vgg.base_channels, batch_norm=vgg.batch_norm
        ),
        projection=projection(features=features, hidden=vgg.projection_hidden, width=config.width),
        temporal=_transformer(config, cls=cls, depth=vgg.depth),
    )
