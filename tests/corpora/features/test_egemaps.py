import sys
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from corpora.features.egemaps import OPENSMILE_NOTICE, EgemapsSound
from corpora.source.errors import CorpusError
from tests.corpora.voice_factory import RECIPE, voice


def fake_opensmile() -> SimpleNamespace:
    """Stand in for opensmile: a row every 10 ms, its number and a gap."""

    class Smile:
        feature_names = ("loudness", "pitch")

        def __init__(self, feature_set: str, feature_level: str) -> None:
            assert (feature_set, feature_level) == ("v02", "lld")

        def process_signal(self, wave: np.ndarray, rate_hz: int) -> pd.DataFrame:
            numbers = np.arange(100 * len(wave) // rate_hz, dtype=float)
            return pd.DataFrame({"loudness": numbers, "pitch": np.full(len(numbers), np.nan)})

    return SimpleNamespace(
        Smile=Smile,
        FeatureSet=SimpleNamespace(eGeMAPSv02="v02"),
        FeatureLevel=SimpleNamespace(LowLevelDescriptors="lld"),
    )


def test_egemaps_rows_are_averaged_and_gaps_are_zero(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opensmile", fake_opensmile())
    sound = EgemapsSound(RECIPE)
    assert sound.columns == ("loudness", "pitch")
    assert sound(np.zeros(4_000, np.float32)).tolist() == [[4.5, 0], [14.5, 0], [22, 0]]
    assert sound(np.zeros(1, np.float32)).shape == (1, 2)  # too short by itself


def test_egemaps_of_opensmile_hears_the_pitch() -> None:
    pytest.importorskip("opensmile")
    sound = EgemapsSound(RECIPE)
    features = sound(voice(220.0))
    assert features.shape == (10, 25)
    semitones = features[5, sound.columns.index("F0semitoneFrom27.5Hz_sma3nz")]
    assert semitones == pytest.approx(36, abs=0.3)


def test_licence_notice_is_one_line() -> None:
    assert "non-commercial use only" in OPENSMILE_NOTICE
    assert "\n" not in OPENSMILE_NOTICE


def test_missing_library_is_named_with_the_way_to_install_it_and_its_licence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "opensmile", None)
    message = r"sound 'egemaps' needs opensmile.*install 'mmer-sweep\[opensmile\]'.*non-commercial"
    with pytest.raises(CorpusError, match=message):
        EgemapsSound(RECIPE)
