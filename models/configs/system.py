"""Every system that a trial can train: the built-in ones, and those of users."""

from typing import Annotated, get_args

from pydantic import AfterValidator, BeforeValidator, Discriminator, Field, SerializeAsAny, Tag

from models.configs.bimha import BimhaConfig
from models.configs.cmha import CmhaConfig
from models.configs.dai import Fe2eConfig, MesmConfig
from models.configs.emoembs import EmoEmbsConfig
from models.configs.late_fusion import LfLstmConfig, LfTransformerConfig
from models.configs.le import LeConfig
from models.configs.mult import MultConfig
from models.configs.xia import XiaConfig
from models.own.system import OwnSystem, read_own_system

BuiltInSystem = (
    LeConfig
    | XiaConfig
    | CmhaConfig
    | Fe2eConfig
    | MesmConfig
    | LfLstmConfig
    | LfTransformerConfig
    | EmoEmbsConfig
    | MultConfig
    | BimhaConfig
)

SYSTEM_NAMES: tuple[str, ...] = tuple(
    config.model_fields["system"].default for config in get_args(BuiltInSystem)
)
"""What `system` of a built-in system can be."""

BUILT_IN, OWN = "built-in", "own"
TAGS = (BUILT_IN, OWN)


def _whose(system: object) -> str:
    """Say whether a system, or its fields, are of a user: those name their code."""
    is_own = "code" in system if isinstance(system, dict) else isinstance(system, OwnSystem)
    return OWN if is_own else BUILT_IN


def _with_its_own_name(system: OwnSystem) -> OwnSystem:
    if system.system in SYSTEM_NAMES:
        raise ValueError(f"system '{system.system}' is built in; give your own another name")
    return system


System = Annotated[
    Annotated[BuiltInSystem, Field(discriminator="system"), Tag(BUILT_IN)]
    | Annotated[
        SerializeAsAny[OwnSystem],
        BeforeValidator(read_own_system),
        AfterValidator(_with_its_own_name),
        Tag(OWN),
    ],
    Discriminator(_whose),
]
