"""Convolutional encoders that start from a checkpoint: VGGish and ResNet18."""

from collections.abc import Collection
from typing import ClassVar, Self

from pydantic import PositiveInt, ValidationInfo, field_validator, model_validator

from models.configs.base import RANDOM_WEIGHTS, PretrainedConfig, choices, divisors, later

VGGISH_SHRINK = 16
RESNET_SHRINK = 32

VGGISH, RESNET18 = (1, 1, 2, 2), (2, 2, 2, 2)
"""Convolutions of the groups conv1 to conv4, and blocks of conv2_x to conv5_x."""


class ConvConfig(PretrainedConfig):
    """Groups of convolutions.

    Pictures are first averaged over `pool` (height, width) pixels; the papers do not pool. Channels
    are multiples of `base_channels`, 64 in every checkpoint. `frozen` names the groups that keep
    the values of the checkpoint, and the statistics of their batch norms.
    """

    groups: ClassVar[tuple[str, ...]]

    depth_field: ClassVar[str]
    """The field that says how many layers the groups have."""

    base_channels: PositiveInt = 64
    pool: tuple[PositiveInt, PositiveInt] = (1, 1)
    frozen: tuple[str, ...] = ()

    @field_validator("frozen", "sem_after", check_fields=False)
    @classmethod
    def _groups_exist(cls, names: tuple[str, ...], field: ValidationInfo) -> tuple[str, ...]:
        """Bring the groups into the order of the encoder."""
        for name in names:
            if name not in cls.groups:
                raise ValueError(
                    f"{field.field_name} has no group {name!r}; choose from {choices(cls.groups)}"
                )
        if len(set(names)) < len(names):
            raise ValueError(f"{field.field_name} names a group twice; name each once")
        return tuple(name for name in cls.groups if name in names)

    @model_validator(mode="after")
    def _checkpoint_decides_the_depth(self) -> Self:
        default = type(self).model_fields[self.depth_field].default
        if self.pretrained and getattr(self, self.depth_field) != default:
            raise ValueError(
                f"{self.depth_field} must be {default}, as in the checkpoint {self.weights!r}; "
                f"choose that, or weights {RANDOM_WEIGHTS!r}"
            )
        return self

    @model_validator(mode="after")
    def _frozen_groups_have_learned(self) -> Self:
        if self.frozen and not self.pretrained:
            default = type(self).model_fields["weights"].default
            raise ValueError(
                f"frozen {choices(self.frozen)} would keep random values, because weights is "
                f"{RANDOM_WEIGHTS!r}; choose frozen (), or weights {default!r}"
            )
        return self


def frozen_prefix(
    groups: tuple[str, ...], frozen: Collection[str], sem_after: Collection[str]
) -> tuple[str, ...]:
    """Name the first groups that do not learn, up to the first semantic enhancement.

    A semantic enhancement learns, and reads the text. One after the last group of the prefix stands
    outside it: it changes what the prefix leaves.
    """
    prefix: list[str] = []
    for name in groups:
        if name not in frozen:
            break
        prefix.append(name)
        if name in sem_after:
            break
    return tuple(prefix)


class VggishConfig(ConvConfig):
    """VGGish (Hershey et al. 2017) on chunks of `chunk_frames` x `num_mels` of a log-mel picture.

    `weights` is "vggish" for the published ones of AudioSet, the path of a copy of them (.pth or
    .safetensors), or "random". Xia et al. freeze the first two groups.
    """

    architecture: ClassVar[str] = "vggish"
    depth_field: ClassVar[str] = "convs_per_group"
    groups: ClassVar[tuple[str, ...]] = ("conv1", "conv2", "conv3", "conv4")

    weights: str = "vggish"
    frozen: tuple[str, ...] = ("conv1", "conv2")
    hidden: PositiveInt = 4096
    embedding: PositiveInt = 128
    num_mels: PositiveInt = 64
    chunk_frames: PositiveInt = 96
    convs_per_group: tuple[PositiveInt, PositiveInt, PositiveInt, PositiveInt] = later(VGGISH)

    @model_validator(mode="after")
    def _pool_fits(self) -> Self:
        for side, factor in zip((self.chunk_frames, self.num_mels), self.pool, strict=True):
            if side % (factor * VGGISH_SHRINK):
                fit = divisors(side // VGGISH_SHRINK) or f"none, and at least {VGGISH_SHRINK}"
                raise ValueError(
                    f"pool {factor} does not leave a multiple of {VGGISH_SHRINK} of {side}; "
                    f"choose from {fit}"
                )
        return self


class ResnetConfig(ConvConfig):
    """ResNet18 (He et al. 2016) on faces of `face_px` x `face_px` pixels.

    Groups are those of its Table 1, conv1 to conv5_x; the max pooling begins conv2. `weights` is
    the path of a checkpoint (.pth or .safetensors), "imagenet" for torchvision's, or "random". Xia
    et al. train on AffectNet, whose weights cannot be redistributed: "imagenet" stands in, and the
    record of a trial says so. They freeze conv1 to conv3_x; they do not state their face size.
    """

    architecture: ClassVar[str] = "resnet18"
    depth_field: ClassVar[str] = "blocks_per_group"
    groups: ClassVar[tuple[str, ...]] = ("conv1", "conv2", "conv3", "conv4", "conv5")

    weights: str = "imagenet"
    frozen: tuple[str, ...] = ("conv1", "conv2", "conv3")
    face_px: PositiveInt = 224
    blocks_per_group: tuple[PositiveInt, PositiveInt, PositiveInt, PositiveInt] = later(RESNET18)

    @model_validator(mode="after")
    def _pool_fits(self) -> Self:
        for factor in self.pool:
            # One pixel is too few: in training, batch norm needs two values of a single face.
            if self.face_px % factor or self.face_px // factor <= RESNET_SHRINK:
                fit = (n for n in range(1, self.face_px + 1) if self.face_px % n == 0)
                names = [str(n) for n in fit if self.face_px // n > RESNET_SHRINK]
                raise ValueError(
                    f"pool {factor} does not divide face_px {self.face_px} into more than "
                    f"{RESNET_SHRINK} pixels; choose from "
                    f"{choices(names) or f'none, and face_px above {RESNET_SHRINK}'}"
                )
        return self
