"""The checkpoints that the paper scale starts from, and the token of the Hugging Face hub."""

from collections.abc import Iterator

from corpora.parsing.paths import expand_home
from models.configs.base import PretrainedConfig
from models.weights.conv_files import SOURCES, cache_folder, conv_weights_error
from models.weights.errors import WeightsError
from models.weights.find import find_files
from models.weights.hub import CHOICES, DEFAULT_NAMES, text_weights_error
from orchestrator.doctor.finding import Finding, Wanted
from search_spaces.catalogue import STUDIES

AT_FIRST_USE = "what may be downloaded is downloaded at its first use; GloVe's vectors never are"


def look_at_weights(wanted: Wanted) -> Iterator[Finding]:
    """Look for the checkpoints of all built-in studies, without downloading any.

    How to get each is told where the paper scale is wanted: other scales need none.
    """
    missing: dict[str, WeightsError] = {}
    here = []
    for encoder in paper_encoders():
        try:
            check_here(encoder)
            here.append(_name(encoder))
        except WeightsError as fault:
            missing[_name(encoder)] = fault
    if here:
        yield Finding(subject="weights", level="ok", text=f"here: {', '.join(here)}")
    if wanted.scale == "paper":
        for name, error in missing.items():
            text = f"{name} is not here; {AT_FIRST_USE}"
            yield Finding(subject="weights", level="note", text=text, advice=error.args[-1])
    elif missing:
        yield Finding(
            subject="weights",
            level="note",
            text=f"not here: {', '.join(missing)}; only the paper scale needs them, and "
            f"{AT_FIRST_USE}",
            advice="`mmer-sweep doctor --scale paper` says how to get each without internet here",
        )


def _name(encoder: PretrainedConfig) -> str:
    """Name a checkpoint, with its architecture where its own name does not say it."""
    is_said = encoder.architecture in encoder.weights
    return encoder.weights if is_said else f"{encoder.architecture} ({encoder.weights})"


def paper_encoders() -> list[PretrainedConfig]:
    """List the pretrained encoders of the built-in studies at the paper scale, each once."""
    found = {
        (encoder.architecture, encoder.weights): encoder
        for study in STUDIES.values()
        for corpus in ("iemocap", "mosei")
        for config in study.configs(corpus, "paper").values()
        for encoder in config.model.pretrained_encoders.values()
    }
    return [found[name] for name in sorted(found)]


def check_here(encoder: PretrainedConfig) -> None:
    """Make sure that a checkpoint is on this machine.

    Raises:
        WeightsError: If it is not; its last argument says how to get it.
    """
    weights, architecture = encoder.weights, encoder.architecture
    if architecture in SOURCES and weights in SOURCES[architecture].published:
        source = SOURCES[architecture]
        file = cache_folder() / source.published[weights].rsplit("/", 1)[-1]
        if not file.is_file():
            raise conv_weights_error(source, weights, f"it is not at {file}")
    elif architecture in DEFAULT_NAMES and not expand_home(weights).is_dir():
        if not _is_cached(weights):
            reason = "it is not a folder here, nor in the hub's local cache"
            raise text_weights_error(weights, reason, architecture)
    else:
        find_files(encoder)  # a path, or word vectors: nothing is downloaded


def _is_cached(weights: str) -> bool:
    """Whether the hub's local cache has the files of a checkpoint of text."""
    from huggingface_hub import try_to_load_from_cache

    return all(
        any(isinstance(try_to_load_from_cache(weights, name), str) for name in names)
        for names in CHOICES
    )


def look_at_hub(_wanted: Wanted) -> Iterator[Finding]:
    """Say whether there is a token for the hub; it is not shown."""
    from huggingface_hub import constants, get_token

    if constants.HF_HUB_OFFLINE:
        yield Finding(
            subject="hub",
            level="note",
            text="HF_HUB_OFFLINE is set: nothing is downloaded from the Hugging Face hub",
        )
    has_token = get_token() is not None
    yield Finding(
        subject="hub",
        level="ok",
        text="a Hugging Face token is there"
        if has_token
        else "no Hugging Face token; public checkpoints need none",
    )
