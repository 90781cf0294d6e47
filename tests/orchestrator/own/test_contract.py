import re
from pathlib import Path
from typing import Any

import pytest
import torch

from corpora.batches.corpus import AnyCorpus
from corpora.store.prepared import read_manifest
from orchestrator.own.contract import CONTRACT, check_contract
from orchestrator.trial.open_corpus import open_corpus
from search_spaces.trial import CorpusRef
from tests.models.own.own_files import NET, wrap, write_own_files

FORWARD = "        both = torch.stack("

BROKEN = {
    "same_seed": (
        "self.head = nn.Linear(width, num_emotions)",
        "self.head = nn.Linear(width, num_emotions)\n"
        "        import os\n"
        "        self.head.weight.data[0, 0] = int.from_bytes(os.urandom(3), 'big') / 2**24",
        "two builds after the same seed differ in 'head.weight'; draw initial values with PyTorch",
    ),
    "single": (
        "mean(1))) * SCALE",
        "mean(1))) * nn.BatchNorm1d(2, affine=False)(both.mean(1)[:, :2]).mean()",
        "a batch of one utterance fails in training: ValueError: Expected more than 1 value per",
    ),
    "repeatable": (
        "mean(1))) * SCALE",
        "mean(1))) * nn.functional.dropout(both[:, 0, :1], 0.5, training=True).add(1)"
        " * __import__('random').random()",
        "two forward passes on the same batch after the same seed of PyTorch differ in evaluation",
    ),
    "neighbours": (
        "both.mean(1)))",
        "both.mean(1) - both.mean((0, 1))))",
        "the logits of an utterance depend on the others of its batch, by up to",
    ),
    "gradients": (
        "self.dropout = nn",
        "self.unused = nn.Linear(2, 2)\n        self.dropout = nn",
        "the loss does not reach 'unused.weight', 'unused.bias'; use these parameters, remove",
    ),
    "stateless": (
        FORWARD,
        "        self.seen = getattr(self, 'seen', 0) + 1 if self.training else "
        "getattr(self, 'seen', 0)\n        sound = sound + self.seen\n" + FORWARD,
        "a new model with the values of one that has seen a batch gives other logits, so it keeps",
    ),
    "saved": (
        "self.dropout = nn",
        "self.tied = self.head.weight\n        self.dropout = nn",
        "its state_dict cannot be written: ",
    ),
}
"""For each check a change of the net by which it fails, and what is told."""


@pytest.fixture(scope="module")
def corpus(prepared: Path) -> AnyCorpus:
    manifest = read_manifest(prepared, "mine", "le")
    reference = CorpusRef(name="mine", recipe="le", fingerprint=manifest.fingerprint)
    # Opened with the tokens that own systems have by default.
    return open_corpus(prepared, reference, wrap_anew(prepared / "net"), torch.device("cpu"))


def wrap_anew(folder: Path, old: str = "", new: str = "", **settings: Any):
    assert old in NET
    write_own_files(folder, gate=NET.replace(old, new, 1) if old else NET)
    return wrap(folder, **settings)


def test_sound_model_has_no_fault(tmp_path: Path, corpus: AnyCorpus) -> None:
    assert check_contract(wrap_anew(tmp_path), corpus) == []


def test_every_check_is_tried() -> None:
    assert BROKEN.keys() == CONTRACT.keys()


@pytest.mark.parametrize("name", BROKEN)
def test_broken_contract_is_told_with_what_to_do(
    tmp_path: Path, corpus: AnyCorpus, name: str
) -> None:
    old, new, told = BROKEN[name]
    faults = check_contract(wrap_anew(tmp_path, old, new), corpus)
    assert [fault for fault in faults if fault.startswith(f"{name}: {told}")], faults


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (
            "super().__init__()",
            "super().__init__()\n        torch.manual_seed(7)",
            "same_seed: two builds after different seeds are equal, so seeds would not differ",
        ),
        (
            "* SCALE",
            "* (float('nan') if self.training else 1)",
            "gradients: in training the logits, or a gradient, are not finite numbers; look for",
        ),
        (
            "nn.EmbeddingBag(vocabulary, width, padding_idx=0)",
            "nn.EmbeddingBag(vocabulary, width)",  # padding counts
            "neighbours: the logits of an utterance depend on the others of its batch",
        ),
        ("nn.Linear(128, width)", "nn.LazyLinear(width)", "'sound.weight', 'sound.bias' have no"),
    ],
)
def test_what_would_falsify_results_is_told(
    tmp_path: Path, corpus: AnyCorpus, old: str, new: str, told: str
) -> None:
    faults = check_contract(wrap_anew(tmp_path, old, new), corpus)
    assert [fault for fault in faults if fault.startswith(told)], faults


@pytest.mark.parametrize("name", ["gradients", "neighbours"])
def test_check_can_be_waived(tmp_path: Path, corpus: AnyCorpus, name: str) -> None:
    old, new, _ = BROKEN[name]
    system = wrap_anew(tmp_path, old, new, waives=(name,))
    assert check_contract(system, corpus) == []
    assert system.neighbours_matter == (name == "neighbours")


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("num_emotions)\n", "2 * num_emotions)\n", r"the logits have the shape \(2, 4\), not \(2"),
        ("return self", "return 1, self", r"the forward pass returns a tuple; let it return logit"),
        ("* SCALE", "* float('nan')", r"the logits are not finite floating-point numbers; look"),
        ("* SCALE", "+ batch.labels", r"the logits depend on the labels of the batch; a model may"),
        ("batch.mels", "batch.melody", r"gate\.py, line \d+: AttributeError: 'Batch' object has"),
        (", padding_idx=0", ", padding_idx=-9**9", r"gate\.py, line \d+: AssertionError"),
    ],
)
def test_model_without_logits_is_told(
    tmp_path: Path, corpus: AnyCorpus, old: str, new: str, told: str
) -> None:
    (fault,) = check_contract(wrap_anew(tmp_path, old, new), corpus)
    assert re.match(told, fault), fault
