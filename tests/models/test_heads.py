import torch

from models.init import init_weights
from models.parts.heads import ClsClassifier, EmotionClassifier, GroupWiseLinear
from models.parts.layers import DecoderLayer
from models.parts.sequence import Padded
from models.parts.transformer import HiddenCls
from models.parts.weighing import weights_of


def test_group_wise_linear_gives_each_emotion_its_own_weights():
    head = GroupWiseLinear(width=2, num_emotions=2)
    with torch.no_grad():
        head.weight.copy_(torch.tensor([[1.0, 2.0], [0.0, -1.0]]))
        head.bias.copy_(torch.tensor([0.5, 0.0]))
    logits = head(torch.tensor([[[1.0, 1.0], [5.0, 3.0]]]))
    assert logits.tolist() == [[3.5, -3.0]]


def test_cls_classifier_reads_the_first_state_alone():
    head = ClsClassifier(width=2, num_emotions=1)
    with torch.no_grad():
        head.linear.weight.copy_(torch.tensor([[1.0, 2.0]]))
        head.linear.bias.fill_(0.5)
    states = torch.tensor([[[1.0, 2.0], [100.0, 100.0]]])
    assert head(Padded(states, torch.ones(1, 2, dtype=torch.bool))).tolist() == [[5.5]]


@torch.no_grad()
def test_decoder_without_the_fused_cls_reads_the_other_states_alone():
    layer = DecoderLayer(width=4, num_heads=2, feed_forward=8, dropout=0.0)
    head = EmotionClassifier(width=4, num_emotions=3, memory=HiddenCls(), layers=[layer])
    init_weights(head, 0)
    states = torch.randn(2, 5, 4, generator=torch.Generator().manual_seed(0))
    other = states.clone()
    other[:, 0] += 1
    mask = torch.ones(2, 5, dtype=torch.bool)
    with weights_of(head) as weights:
        logits = head(Padded(states, mask))
    assert torch.equal(logits, head(Padded(other, mask)))
    cross = weights["layers.0.cross_attention.attend"]
    assert not cross[..., 0].any()
    torch.testing.assert_close(cross[..., 1:].sum(-1), torch.ones(2, 2, 3))
