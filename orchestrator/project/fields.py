"""What a project's file may set: options of sweeps, named as on the command line."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, NonNegativeFloat, PositiveInt

from orchestrator.cluster.machines import Device
from search_spaces.terms import Scale

Value = str | int | float | bool
Text = Annotated[str, Field(min_length=1, pattern=r"^[^\x00]+$")]


class Fields(BaseModel):
    """The options by their names as arguments; None is not set.

    Options that make work anew, such as `--retrain`, are no defaults, and are not here.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,
        alias_generator=lambda name: name.replace("_", "-"),
    )

    storage: Text | None = Field(None, description='a folder, or "s3://BUCKET/PREFIX"')
    corpus: Text | None = Field(None, description="the name of a prepared corpus")
    scale: Scale | None = Field(None, description='"tiny", "small" or "paper"')
    seeds: PositiveInt | Literal["auto"] | None = Field(
        None, description='a number from 1 on, or "auto"'
    )
    address: Text | None = Field(None, description='"auto", or "HOST:PORT" of a Ray cluster')
    device: Device | None = Field(None, description='"auto", "cpu" or "gpu"')
    slots: PositiveInt | None = Field(None, description="a number from 1 on")
    deterministic: bool | None = Field(None, description="true or false")
    measure: bool | None = Field(None, description="true or false")
    models: bool | None = Field(None, description="true or false")
    tracking_uri: Text | None = Field(None, description="the address of an MLflow")
    log_models: NonNegativeFloat | None = Field(None, description="a size in MiB from 0 on")


ALLOWED = {
    field.alias or name: field.description or "" for name, field in Fields.model_fields.items()
}
"""What each option may be, by its name as on the command line."""

OF_ALL_COMMANDS = ("storage", "tracking_uri", "log_models")
"""What counts for all commands; the rest says how to train, and counts for sweeps alone."""
