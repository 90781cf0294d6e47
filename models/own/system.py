"""A system of a user's own: a config with a function that builds the model."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self, cast

from pydantic import ConfigDict, Field, PositiveInt, model_validator
from pydantic.errors import PydanticInvalidForJsonSchema

from corpora.parsing.errors import ParseError
from corpora.parsing.json_text import parse_json
from models.configs.base import Config, Modality, PretrainedConfig, SystemConfig, later
from models.own.errors import OwnCodeError
from models.own.source import OwnSource, source_of_module

if TYPE_CHECKING:
    from torch import nn

    from models.task import Task

Check = Literal[
    "same_seed", "single", "repeatable", "neighbours", "gradients", "stateless", "saved"
]
"""A check of a model before its first trial (`orchestrator.own.contract`)."""


class Tokens(Config):
    """How texts become tokens for a system without a text encoder of ours.

    The tokens are the most frequent words of the training texts. Token 0 is padding, and all ids
    are below `vocabulary`.
    """

    vocabulary: int = Field(default=10_000, gt=4)  # four are special tokens
    max_tokens: PositiveInt = 50


class SystemCode(Config):
    """Where the class of a system lies, and the digest of its source.

    Attributes:
        module: The module, as in `nets.gate`.
        name: The class in it: an `OwnSystem`, or an `nn.Module` (`models.own.wrapping`).
        recipe: The recipe that the system reads.
        digest: Names what the module and its imports from beside it compute.
    """

    module: str
    name: str
    recipe: str
    digest: str

    @property
    def file(self) -> str:
        """The name of the module's file."""
        return f"{self.module.rpartition('.')[2]}.py"


NO_CODE = SystemCode(module="", name="", recipe="", digest="")

_CLASSES: dict[SystemCode, type["OwnSystem"]] = {}
"""The classes of this process, by their code."""


class OwnSystem(SystemConfig):
    """The base of a user's own systems.

    A subclass names its `system` and the `recipe` that it reads, declares its settings as fields of
    JSON types, and defines `build`. It stands at the top level of a module that is not the study
    file: another content of that module makes other trials.

    A field `text`, `audio` or `vision` may hold the config of one of our encoders; its checkpoint
    is found and hashed as those of built-in systems are. `code` is filled in. `waives` names checks
    that the model need not pass; reports say so.
    """

    model_config = ConfigDict(validate_default=True)

    system: str
    code: SystemCode = Field(default=NO_CODE, repr=False)
    tokens: Tokens = later(Tokens())
    waives: tuple[Check, ...] = later(())

    _source: ClassVar[OwnSource | OwnCodeError]

    def build(self, task: "Task") -> "nn.Module":
        """Build the model that maps a batch of the recipe to logits (B, K).

        Raises:
            OwnCodeError: If the subclass does not define it.
        """
        raise OwnCodeError(
            f"the class '{type(self).__name__}' has no method 'build'; define build(self, task), "
            "and return an nn.Module"
        )

    @property
    def neighbours_matter(self) -> bool:
        """Whether it says that an utterance's output depends on the others of its batch."""
        return "neighbours" in self.waives

    @property
    def encoders(self) -> Mapping[Modality, Config]:
        """The fields that hold the config of an encoder."""
        return {
            modality: encoder
            for modality in self.modalities
            if isinstance(encoder := getattr(self, modality, None), Config)
        }

    @property
    def uses(self) -> frozenset[str]:
        """The names that its source imports."""
        return self.source().imported

    @classmethod
    def source(cls) -> OwnSource:
        """Return its source.

        Raises:
            OwnCodeError: If it has none that workers could get.
        """
        if isinstance(cls._source, OwnCodeError):
            raise cls._source
        return cls._source

    @classmethod
    def code_of_class(cls) -> SystemCode:
        """Return where the class lies.

        Raises:
            OwnCodeError: If workers could not get it.
        """
        name = cls.__qualname__
        if not name.isidentifier():
            raise OwnCodeError(
                f"the class '{name}' lies in a function or a class; define it at the top level of "
                "its module"
            )
        recipe = getattr(cls, "recipe", "")
        if not recipe:
            raise OwnCodeError(
                f"the class '{name}' does not say what it reads; give it a recipe, as in "
                'recipe = "le"'
            )
        source = cls.source()
        return SystemCode(module=source.module, name=name, recipe=recipe, digest=source.digest)

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        """Read the source of a new class, and make the class known by its code."""
        super().__pydantic_init_subclass__(**kwargs)
        if cls.__module__ in (__name__, "models.own.wrapping"):
            return
        try:
            cls._source = source_of_module(cls.__module__)
            if '"uniqueItems": true' in json.dumps(cls.model_json_schema()):
                raise OwnCodeError(
                    f"a field of '{cls.__qualname__}' is a set, whose order differs from process "
                    "to process; let it be a list or a tuple"
                )
            _CLASSES.setdefault(cls.code_of_class(), cls)
        except OwnCodeError as error:
            cls._source = error  # told when the class is used: it may be the base of others
        except PydanticInvalidForJsonSchema as error:
            cls._source = OwnCodeError(
                f"a field of '{cls.__qualname__}' has a type that JSON cannot hold ({error}); let "
                "each be a number, a text, True or False, or a list, mapping or Config of such"
            )

    @model_validator(mode="before")
    @classmethod
    def _code_is_filled_in(cls, given: object) -> object:
        if not isinstance(given, dict) or issubclass(cls, UnloadedSystem):
            return given
        try:
            code = cls.code_of_class()
        except OwnCodeError as error:
            raise ValueError(str(error)) from error
        return {"code": code, **given}

    @model_validator(mode="after")
    def _code_is_that_of_the_class(self) -> Self:
        if not isinstance(self, UnloadedSystem) and self.code != self.code_of_class():
            raise ValueError(f"code is that of another version of '{self.code.file}'; leave it out")
        return self

    @model_validator(mode="after")
    def _fields_pass_through_json(self) -> Self:
        """Make sure that a worker, and a record, get the values that were given."""
        for name, field in type(self).model_fields.items():
            if name in OwnSystem.model_fields:
                continue
            value = getattr(self, name)
            try:
                written = json.dumps(
                    self.model_dump(mode="json", include={name}).get(name), allow_nan=False
                )
                is_same = parse_json(written.encode(), cast(Any, field.annotation)) == value
            except (TypeError, ValueError, ParseError) as error:
                raise ValueError(f"field '{name}' is {value!r}, which JSON cannot hold") from error
            if not is_same:
                raise ValueError(
                    f"field '{name}' is {value!r}, which JSON gives back as another value "
                    f"({written}); annotate its type, or give a value that JSON can hold"
                )
        return self

    def __hash__(self) -> int:
        return hash(self.model_dump_json())

    def __reduce__(self) -> tuple[Any, ...]:
        """Travel as fields: the process that gets it may not have loaded the class."""
        return read_own_system, (self.model_dump(mode="json"),)


class _StoredEncoder(PretrainedConfig):
    model_config = ConfigDict(extra="allow")


class UnloadedSystem(OwnSystem):
    """A user's own system whose code is not loaded: all that a record says of it."""

    model_config = ConfigDict(extra="allow")

    @property
    def recipe(self) -> str:  # type: ignore[override]  # a record says it, not the class
        """The recipe that it reads."""
        return self.code.recipe

    @property
    def uses(self) -> frozenset[str]:
        """What it imports is not known."""
        return frozenset()

    @property
    def encoders(self) -> Mapping[Modality, Config]:
        """The encoders, without the meaning of their fields."""
        return {
            modality: _StoredEncoder.model_validate(stored)
            for modality in self.modalities
            if isinstance(stored := getattr(self, modality, None), dict) and "weights" in stored
        }

    def build(self, task: "Task") -> "nn.Module":
        """Refuse: the code must be loaded first.

        Raises:
            OwnCodeError: Always.
        """
        raise OwnCodeError(
            f"the code of the system '{self.system}' is not loaded: class '{self.code.name}' of "
            f"'{self.code.file}', digest {self.code.digest}"
        )


def find_class(code: SystemCode) -> type[OwnSystem] | None:
    """Return the class of a system's code, if this process has loaded it."""
    return _CLASSES.get(code)


def read_own_system(given: object) -> object:
    """Make a system of stored fields, of its own class if that is loaded."""
    if not isinstance(given, dict):
        return given
    code = SystemCode.model_validate(given.get("code"))
    return (find_class(code) or UnloadedSystem).model_validate(given)
