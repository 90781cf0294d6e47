"""A row of every system, and inputs for it: what the contract tests run over."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from models.build import build
from models.configs.base import SystemConfig
from models.init import init_weights
from models.task import Task
from tests.models import baselines_factory as baselines
from tests.models import factories, xia_factory


@dataclass(frozen=True)
class Row:
    """One config; `inputs` draws utterances with the given numbers of text, audio and vision steps.

    With `neighbours_matter`, other utterances of the batch change the output by design.
    `without_gradient` are parts of the names of parameters that are trainable and never learn,
    `drawn_otherwise` of those that begin with other values than in the full row.
    """

    config: SystemConfig
    task: Task
    inputs: Callable[..., Any]
    only: Callable[[Any, int], Any]
    order_matters: bool = False
    neighbours_matter: bool = False
    without_gradient: tuple[str, ...] = ()
    drawn_otherwise: tuple[str, ...] = ()

    def model(self, *, seed: int = 0) -> nn.Module:
        """Build it and give it its initial values."""
        model = build(self.config, self.task)
        init_weights(model, seed)
        return model

    def batch(self, *, seed: int = 0) -> Any:
        """Draw three utterances of different lengths."""
        return self.inputs((5, 3, 4), (2, 1, 3), (2, 1, 3), seed=seed)

    def logits(self, *, seed: int) -> Tensor:
        """Evaluate the model on other utterances for each seed."""
        logits: Tensor = self.model().eval()(self.batch(seed=seed))
        return logits


def le_inputs(text, audio, vision, *, seed):
    return factories.utterances(num_tokens=text, num_chunks=audio, num_faces=vision, seed=seed)


def dai_inputs(text, audio, vision, *, seed):
    return baselines.dai_utterances(num_tokens=text, num_chunks=audio, num_faces=vision, seed=seed)


def xia_inputs(text, audio, vision, *, seed):
    assert audio == vision, "chunks and frames come in the same windows"
    return xia_factory.xia_utterances(num_tokens=text, num_windows=vision, seed=seed)


def feature_inputs(text, audio, vision, *, seed):
    return baselines.feature_rows(num_text=text, num_audio=audio, num_vision=vision, seed=seed)


ROWS: dict[str, Row] = {
    **{
        f"le-{name}": Row(config, factories.TASK, le_inputs, factories.only)
        for name, config in factories.ROWS.items()
    },
    **{
        f"dai-{name}": Row(
            config,
            factories.TASK,
            dai_inputs,
            factories.only,
            order_matters=name in baselines.ROWS_WITH_MIXED_SITES,
            neighbours_matter=name in baselines.ROWS_WITH_MIXED_SITES,
        )
        for name, config in baselines.DAI_ROWS.items()
    },
    **{
        f"xia-{name}": Row(
            config,
            factories.TASK,
            xia_inputs,
            factories.only,
            order_matters=True,
            without_gradient=xia_factory.WITHOUT_GRADIENT.get(name, ()),
            drawn_otherwise=(".out.weight",) if name == "sem_drawn" else (),
        )
        for name, config in xia_factory.XIA_ROWS.items()
    },
    **{
        f"features-{name}": Row(
            config,
            baselines.FEATURES,
            feature_inputs,
            baselines.only_features,
            order_matters=True,
            neighbours_matter=name in baselines.ROWS_WITH_LEAKING_PADDING,
        )
        for name, config in baselines.FEATURE_ROWS.items()
    },
}
