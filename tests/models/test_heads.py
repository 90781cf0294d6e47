import torch

from models.parts.heads import ClsClassifier, GroupWiseLinear
from models.parts.sequence import Padded


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
