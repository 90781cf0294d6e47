import pytest
import torch
from pydantic import ValidationError
from torch import nn
from torch.nn import functional

from models.builders.cmha import build_cmha
from models.configs.cmha import CmhaConfig
from models.fusion.serial_attention import Chain, SerialAttention
from models.init import init_weights
from models.parts.sequence import Padded
from tests.models.factories import TASK
from tests.models.test_cross_modal import WIDTH, pytorch_attention, sequences
from tests.models.xia_factory import CMHA


def all_sequences():
    text = Padded(torch.randn(2, 3, WIDTH), torch.tensor([[True] * 3, [True, False, False]]))
    return {"text": text, **sequences()}


@torch.no_grad()
def test_serial_attention_equals_its_equations():
    """H1 = LN(Y + MHA(Y, X, X)), H2 = LN(Z + MHA(Z, H1, H1)), mean over the steps of H2."""
    fusion = SerialAttention(width=WIDTH, num_heads=2, dropout=0.1).eval()
    init_weights(fusion, 0)
    batch, expected = all_sequences(), []
    orders = [("text", "audio", "vision"), ("text", "vision", "audio"), ("audio", "vision", "text")]
    for chain, (x, y, z) in zip(fusion.chains, orders, strict=True):
        assert isinstance(chain, Chain)
        memory, mask = batch[x]
        for step, name in ((chain.first, y), (chain.second, z)):
            states = batch[name].states
            attended = pytorch_attention(step.attention)(states, memory, memory, mask)
            memory, mask = functional.layer_norm(states + attended, [WIDTH]), batch[name].mask
        rows = zip(memory, mask, strict=True)
        expected.append(torch.stack([states[real].mean(0) for states, real in rows]))
    torch.testing.assert_close(fusion(batch), torch.cat(expected, dim=1))


def test_cmha_is_marked_as_reconstructed():
    assert CmhaConfig.reconstructed


def test_cmha_needs_every_modality():
    with pytest.raises(ValidationError, match=r"modalities are text, audio: .* choose text, audio"):
        CmhaConfig(modalities=("text", "audio"))


def test_width_must_split_into_heads():
    with pytest.raises(ValidationError, match=r"num_heads 5 does not divide width 64"):
        CmhaConfig(num_heads=5)


def test_head_reads_three_orders():
    with torch.device("meta"):
        model = build_cmha(CMHA, TASK)
    assert isinstance(model.head, nn.Sequential)
    linear = model.head[0]
    assert isinstance(linear, nn.Linear)
    assert linear.in_features == 3 * CMHA.width
