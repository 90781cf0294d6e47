import sys
from types import ModuleType

import numpy as np
import pandas as pd
import pytest
import torch

from corpora.features.action_units import ACTION_UNITS, ActionUnits
from corpora.source.errors import CorpusError


def fake_feat(found: list[pd.DataFrame]) -> ModuleType:
    """Stand in for Py-Feat: each picture gets the next table."""
    tables = iter(found)

    class Detectorv1:
        def __init__(self, **models: object) -> None:
            assert models["device"] == "cpu"

        def detect(self, picture: torch.Tensor, *, data_type: str, **_: object) -> pd.DataFrame:
            assert data_type == "tensor"
            assert picture.shape == (1, 3, 80, 100)
            return next(tables)

    module = ModuleType("feat")
    # mypy knows no attribute that a module gets later
    module.Detectorv1 = Detectorv1  # type: ignore[attr-defined]
    return module


def faces_table(sides: list[float], values: list[float]) -> pd.DataFrame:
    columns: dict[str, list[float]] = dict.fromkeys(ACTION_UNITS, values)
    return pd.DataFrame({**columns, "FaceRectWidth": sides, "FaceRectHeight": sides})


def test_action_units_are_those_of_the_largest_face(monkeypatch: pytest.MonkeyPatch) -> None:
    tables = [faces_table([20, 40], [0.1, 0.6]), faces_table([np.nan], [np.nan])]
    monkeypatch.setitem(sys.modules, "feat", fake_feat(tables))
    rows = ActionUnits()([np.zeros((80, 100, 3), np.uint8)] * 2)
    assert rows.shape == (2, 21)
    np.testing.assert_allclose(rows[0], [0.6] * 20 + [1])
    assert not rows[1].any()


def test_missing_library_is_named_with_the_way_to_install_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "feat", None)
    with pytest.raises(CorpusError, match=r"face 'action_units' needs feat.*pip install 'py-feat"):
        ActionUnits()
