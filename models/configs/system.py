"""Every system that a trial can train."""

from typing import Annotated, get_args

from pydantic import Field

from models.configs.bimha import BimhaConfig
from models.configs.cmha import CmhaConfig
from models.configs.dai import Fe2eConfig, MesmConfig
from models.configs.emoembs import EmoEmbsConfig
from models.configs.late_fusion import LfLstmConfig, LfTransformerConfig
from models.configs.le import LeConfig
from models.configs.mult import MultConfig
from models.configs.xia import XiaConfig

AnySystem = (
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

System = Annotated[AnySystem, Field(discriminator="system")]

SYSTEM_NAMES: tuple[str, ...] = tuple(
    config.model_fields["system"].default for config in get_args(AnySystem)
)
"""What `system` can be."""
