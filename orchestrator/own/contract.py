"""What a user's own model must keep to, tried on two utterances before its first trial.

The messages say what to change. A config may waive each check of `CONTRACT` by its name; that the
model returns logits cannot be waived.
"""

import copy
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.functional import pad
from torch.nn.parameter import is_lazy

from corpora.batches.batch import Batch
from corpora.batches.corpus import AnyCorpus, AnySplit
from models.own.errors import OwnCodeError
from models.own.initial import build_own
from models.own.system import Check, OwnSystem
from models.task import Outputs, Task, outputs_of
from orchestrator.training.evaluation import AnyInputs
from orchestrator.trial.kept_model import state_bytes
from orchestrator.trial.open_corpus import task_of, token_settings

SEED = 0
TOLERANCE = 1e-3
"""How far logits may lie apart that should be equal: relative, and a tenth of it absolute."""

NUM_PADDED = 3
"""How many tokens of padding a text gets where others of its batch would be so much longer."""

MAX_NAMED = 5
"""So many parameters a message names at most."""


class BrokenContractError(Exception):
    """The model does not keep to a check; the message says how, and what to do."""


class Subject:
    """A model under check, with the shortest and the longest utterance of its corpus."""

    def __init__(self, system: OwnSystem, corpus: AnyCorpus) -> None:
        self.system = system
        self.task: Task = task_of(corpus, system)
        split: AnySplit = corpus.splits["train"]
        lengths = torch.stack([steps.float() for steps in split.lengths.values()]).sum(0)
        ends = [int(lengths.argmin()), int(lengths.argmax())]
        self.both = _take(split, ends)
        self.singles = [_take(split, [one]) for one in ends]
        self.padded = _pad_tokens(self.both, corpus, system)

    def build(self) -> nn.Module:
        """Build the model anew, from the same seed."""
        return build_own(self.system, self.task, seed=SEED)

    def logits(self, model: nn.Module, batch: AnyInputs, *, trains: bool = False) -> Tensor:
        """Run the model; the random state of PyTorch is the same each time."""
        model.train(trains)
        torch.manual_seed(SEED)
        return outputs_of(model(batch)).logits


def _take(split: AnySplit, utterances: list[int]) -> AnyInputs:
    """Return a batch of some utterances, as training reads them."""
    (batch,) = split.in_given_order(torch.tensor(utterances), len(utterances))
    return batch


def _pad_tokens(batch: AnyInputs, corpus: AnyCorpus, system: OwnSystem) -> AnyInputs:
    """Pad the texts of a batch further, as a longer text in it would, if there is room."""
    settings = token_settings(system)
    if settings is None or corpus.tokenizer is None or not isinstance(batch, Batch):
        return batch
    num = min(NUM_PADDED, settings.max_tokens - batch.tokens.shape[1])
    if num <= 0 or (padding := corpus.tokenizer.padding) is None:
        return batch
    return replace(
        batch,
        tokens=pad(batch.tokens, (0, num), value=padding["pad_id"]),
        token_mask=pad(batch.token_mask, (0, num), value=False),
    )


def check_contract(system: OwnSystem, corpus: AnyCorpus) -> list[str]:
    """Try a system on two utterances of a corpus.

    Returns:
        Each fault: the check, what is wrong, and what to do.
    """
    try:
        subject = Subject(system, corpus)
        with _told_where(system):
            model = subject.build()
        if lazy := [name for name, one in model.named_parameters() if is_lazy(one)]:
            return [f"{_named(lazy)} have no size yet; give lazy modules their sizes in __init__"]
        if not any(parameter.requires_grad for parameter in model.parameters()):
            return ["the model has no parameters that train"]
        with _told_where(system):
            _check_shape(model, subject.both)
            _check_labels(subject, model)
    except (BrokenContractError, OwnCodeError) as error:
        return [str(error)]
    faults = []
    for name, check in CONTRACT.items():
        if name in system.waives:
            continue
        try:
            with _told_where(system):
                check(subject)
        except (BrokenContractError, OwnCodeError) as error:
            faults.append(f"{name}: {error}")
    return faults


@contextmanager
def _told_where(system: OwnSystem) -> Iterator[None]:
    """Turn an error of the user's code into a message with its line."""
    try:
        yield
    except (OwnCodeError, BrokenContractError):
        raise
    except Exception as error:  # a user's code may raise anything
        files = {Path(name).name for name in system.source().files}
        frames = traceback.extract_tb(error.__traceback__)
        own = [frame for frame in frames if Path(frame.filename).name in files]
        place = f"{Path(own[-1].filename).name}, line {own[-1].lineno}" if own else "the model"
        raise OwnCodeError(f"{place}: {type(error).__name__}: {error}") from error


def _check_shape(model: nn.Module, batch: AnyInputs) -> None:
    with torch.no_grad():
        output = model.eval()(batch)
    wanted = tuple(batch.labels.shape)
    if not isinstance(output, Tensor | Outputs):
        raise BrokenContractError(
            f"the forward pass returns a {type(output).__name__}; let it return logits, a tensor "
            f"of shape {wanted} for {wanted[0]} utterances and {wanted[1]} emotions, or Outputs"
        )
    logits = outputs_of(output).logits
    if tuple(logits.shape) != wanted:
        raise BrokenContractError(
            f"the logits have the shape {tuple(logits.shape)}, not {wanted}, for {wanted[0]} "
            f"utterances and {wanted[1]} emotions; take the number of emotions from "
            "task.num_emotions"
        )
    if not logits.is_floating_point() or not logits.isfinite().all():
        raise BrokenContractError(
            "the logits are not finite floating-point numbers; look for logarithms and divisions "
            "of 0, and for inputs that are not scaled"
        )


def _check_labels(subject: Subject, model: nn.Module) -> None:
    batch = subject.both
    other = replace(batch, labels=1 - batch.labels)
    with torch.no_grad():
        first, again, told = (subject.logits(model, one) for one in (batch, batch, other))
    if torch.equal(first, again) and not torch.equal(first, told):
        raise BrokenContractError(
            "the logits depend on the labels of the batch; a model may read them for its own "
            "losses alone (Outputs)"
        )


def _same_seed(subject: Subject) -> None:
    first, second = subject.build().state_dict(), subject.build().state_dict()
    unlike = [name for name, value in first.items() if not torch.equal(value, second[name])]
    if unlike:
        raise BrokenContractError(
            f"two builds after the same seed differ in {_named(unlike)}; draw initial values with "
            "PyTorch, NumPy or `random` alone, without generators of your own"
        )
    other = build_own(subject.system, subject.task, seed=SEED + 1).state_dict()
    drawn = [name for name, parameter in subject.build().named_parameters() if parameter.std() > 0]
    if drawn and all(torch.equal(first[name], other[name]) for name in drawn):
        raise BrokenContractError(
            "two builds after different seeds are equal, so seeds would not differ; leave the seed "
            "to the program: no `manual_seed` in the model"
        )


def _single(subject: Subject) -> None:
    model = subject.build()
    try:
        logits = subject.logits(model, subject.singles[0], trains=True)
    except Exception as error:  # a user's code may raise anything
        raise BrokenContractError(
            f"a batch of one utterance fails in training: {type(error).__name__}: {error}; the "
            "last batch of an epoch may have one; batch normalisation over utterances is a usual "
            "cause, layer normalisation has no such limit"
        ) from error
    if len(logits) != 1:
        raise BrokenContractError(
            f"for one utterance the logits have the shape {tuple(logits.shape)}; beware of "
            "squeeze() without a dimension"
        )


def _repeatable(subject: Subject) -> None:
    for trains in (False, True):
        model = subject.build()
        state = copy.deepcopy(model.state_dict())
        with torch.no_grad():
            first = subject.logits(model, subject.both, trains=trains)
            model.load_state_dict(state)
            second = subject.logits(model, subject.both, trains=trains)
        if not _alike(first, second):
            raise BrokenContractError(
                "two forward passes on the same batch after the same seed of PyTorch differ"
                + (" in training" if trains else " in evaluation")
                + "; draw random numbers with PyTorch alone, drop only `if self.training`, and "
                "keep no state outside parameters and buffers"
            )


def _neighbours(subject: Subject) -> None:
    model = subject.build()
    _shake(model)
    with torch.no_grad():
        together = subject.logits(model, subject.padded)
        alone = torch.cat([subject.logits(model, one) for one in subject.singles])
    if not _alike(together, alone):
        raise BrokenContractError(
            "the logits of an utterance depend on the others of its batch, by up to "
            f"{float((together - alone).abs().max()):.2g}; mask what is padded (`token_mask`, "
            "`num_faces`, `num_chunks`), and do not normalise over utterances in evaluation"
        )


def _shake(model: nn.Module) -> None:
    """Move each value a little: a head of zeros would hide what comes before it."""
    generator = torch.Generator().manual_seed(SEED)
    with torch.no_grad():
        for value in model.parameters():
            value.add_(0.02 * torch.randn(value.shape, generator=generator))


def _gradients(subject: Subject) -> None:
    model = subject.build()
    model.train()
    torch.manual_seed(SEED)
    outputs = outputs_of(model(subject.both))
    loss = outputs.logits.square().sum() + outputs.logits.sum() + sum(outputs.losses.values())
    loss.backward()
    unreached = [
        name
        for name, parameter in model.named_parameters()
        if parameter.requires_grad and parameter.grad is None
    ]
    if not loss.isfinite() or any(
        not parameter.grad.isfinite().all()
        for parameter in model.parameters()
        if parameter.grad is not None
    ):
        raise BrokenContractError(
            "in training the logits, or a gradient, are not finite numbers; look for logarithms, "
            "square roots and divisions of 0"
        )
    if unreached:
        raise BrokenContractError(
            f"the loss does not reach {_named(unreached)}; use these parameters, remove them, or "
            "freeze them with requires_grad_(False)"
        )


def _stateless(subject: Subject) -> None:
    model = subject.build()
    with torch.no_grad():
        subject.logits(model, subject.both, trains=True)
        subject.logits(model, subject.singles[0])
        fresh = subject.build()
        _load(fresh, model.state_dict())
        seen = subject.logits(model, subject.both)
        loaded = subject.logits(fresh, subject.both)
    if not _alike(seen, loaded):
        raise BrokenContractError(
            "a new model with the values of one that has seen a batch gives other logits, so it "
            "keeps state that no checkpoint holds; make it a parameter, or a buffer "
            "(`register_buffer`)"
        )


def _saved(subject: Subject) -> None:
    model = subject.build()
    try:
        state_bytes(model)
    except Exception as error:  # safetensors raises several kinds
        raise BrokenContractError(
            f"its state_dict cannot be written: {error}; let each value be a tensor, and let no "
            "two share memory unless one of them is left out of the state_dict"
        ) from error
    _load(subject.build(), model.state_dict())


CONTRACT: Mapping[Check, Callable[[Subject], None]] = {
    "same_seed": _same_seed,
    "single": _single,
    "repeatable": _repeatable,
    "neighbours": _neighbours,
    "gradients": _gradients,
    "stateless": _stateless,
    "saved": _saved,
}
"""The checks, in their order."""


def _load(model: nn.Module, state: Mapping[str, Tensor]) -> None:
    try:
        model.load_state_dict(state)
    except RuntimeError as error:
        raise BrokenContractError(
            f"the state_dict of one model does not load into another: {error}; create all "
            "parameters in __init__, not in the first forward pass"
        ) from error


def _alike(first: Tensor, second: Tensor) -> bool:
    return torch.allclose(first, second, rtol=TOLERANCE, atol=TOLERANCE / 10)


def _named(names: list[str]) -> str:
    more = f" and {len(names) - MAX_NAMED} more" if len(names) > MAX_NAMED else ""
    return ", ".join(f"'{name}'" for name in names[:MAX_NAMED]) + more
