"""Counts at the papers' sizes, on the meta device. Origin: the code bases of the papers."""

import pytest
import torch

from models.build import build
from models.configs.dai import DaiTextConfig, Fe2eConfig, MesmConfig
from models.configs.emoembs import EmoEmbsConfig
from models.configs.late_fusion import LfLstmConfig, LfTransformerConfig
from models.configs.text import AlbertSizes
from tests.models.baselines_factory import task_of

TEXT = DaiTextConfig(weights="random", sizes=AlbertSizes())
DAI = {"text": 300, "audio": 144, "vision": 35}
POOLER = 768 * 768 + 768


def counts(config, widths):
    with torch.device("meta"):
        model = build(config, task_of(widths, vector_width=300))
    parameters = list(model.parameters())
    total = sum(p.numel() for p in parameters)
    return total, total - sum(p.numel() for p in parameters if p.requires_grad)


def attention(guide=768):
    """Of one modality of MESM: W_x, W_y, b, u and b_u of each stage."""
    return sum(k * k + guide * k + k + k + 1 for k in (64, 128, 256))


@pytest.mark.parametrize(
    ("config", "widths", "total", "frozen"),
    [
        (Fe2eConfig(text=TEXT), DAI, 36_782_485, POOLER),
        (MesmConfig(text=TEXT), DAI, 37_640_859, POOLER + 2 * attention()),
        (MesmConfig(text=TEXT, attn_grad="straight_through"), DAI, 37_640_859, POOLER + 2 * 3),
        (LfLstmConfig(), DAI, 2_026_336, 4 * 300 * 300),
        (LfTransformerConfig(), DAI, 4_898_702, 0),
        (EmoEmbsConfig(), {**DAI, "audio": 142}, 5_564_703, 4 * (300**2 + 200**2 + 100**2)),
    ],
    ids=["fe2e", "mesm", "mesm_straight_through", "lf_lstm", "lf_transformer", "emoembs"],
)
def test_model_has_the_parameters_of_the_paper(config, widths, total, frozen):
    assert counts(config, widths) == (total, frozen)
