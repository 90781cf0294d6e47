"""A BERT from a checkpoint: the same code as ALBERT's, another architecture."""

import json

import pytest
import torch
from safetensors.torch import load_file
from transformers import BertConfig as HubBertConfig
from transformers import BertModel

from models.configs.text import BertConfig
from models.groups import parameter_groups
from models.weights.errors import WeightsError
from models.weights.find import weights_sha256
from tests.models.factories import VOCABULARY
from tests.models.xia_factory import FULL, change, initialised_xia, xia_utterances


@pytest.fixture
def checkpoint(tmp_path):
    torch.manual_seed(0)
    config = HubBertConfig(
        vocab_size=VOCABULARY,
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=64,
    )
    BertModel(config).save_pretrained(tmp_path)
    (tmp_path / "tokenizer.json").write_text("{}")
    return tmp_path


def pretrained(folder):
    return change(FULL, text=BertConfig(weights=str(folder), max_tokens=64))


def text_encoder(model):
    return next(part for name, part in model.named_modules() if type(part) is BertModel)


def test_checkpoint_values_survive_initialisation(checkpoint):
    saved = load_file(checkpoint / "model.safetensors")
    loaded = text_encoder(initialised_xia(pretrained(checkpoint), seed=5)).state_dict()
    assert all(torch.equal(saved[name], loaded[name]) for name in saved)


def test_pretrained_model_runs(checkpoint):
    logits = initialised_xia(pretrained(checkpoint)).eval()(xia_utterances())
    assert logits.isfinite().all()


def test_only_bert_learns_at_the_pretrained_rate(checkpoint):
    model = initialised_xia(pretrained(checkpoint))
    base, slow = parameter_groups(model, base_lr=1e-4, pretrained_lr=1e-5)
    bert = [p for p in text_encoder(model).parameters() if p.requires_grad]
    assert {*map(id, slow["params"])} == {*map(id, bert)}
    assert not {*map(id, base["params"])} & {*map(id, bert)}


def test_hashes_name_the_text_encoder(checkpoint):
    assert weights_sha256(pretrained(checkpoint)).keys() == {
        "text/config.json",
        "text/model.safetensors",
        "text/tokenizer.json",
    }


def test_an_albert_is_refused(checkpoint):
    (checkpoint / "config.json").write_text(json.dumps({"model_type": "albert"}))
    with pytest.raises(
        WeightsError, match=r"is 'albert'; choose one of type 'bert'.*bert-base-uncased"
    ):
        weights_sha256(pretrained(checkpoint))
