"""Hand-crafted features of sound by openSMILE: the low-level descriptors of eGeMAPS.

openSMILE is installed on request only, because its licence excludes commercial use.
"""

import numpy as np
import torch
from numpy.typing import NDArray

from corpora.features.optional_library import import_optional
from corpora.features.sound import average_steps
from corpora.recipes.handcrafted import HandcraftedRecipe

OPENSMILE_NOTICE = (
    "openSMILE is under the audEERING Research License: for non-commercial use only, of the "
    "software and of features that it extracts."
)
"""Shown to everybody who uses it."""

_SHORTEST_S = 0.1
_HOP_S = 0.01


class EgemapsSound:
    """The 25 low-level descriptors of eGeMAPSv02 (Eyben et al. 2016), averaged over steps.

    Loudness, spectral slopes and flux, MFCC 1-4, pitch, jitter, shimmer, harmonicity, formants;
    `columns` names them. The set defines windows and the hop of 10 ms; it uses only the rate and
    `step_s` of the recipe.
    """

    def __init__(self, recipe: HandcraftedRecipe) -> None:
        opensmile = import_optional(
            "opensmile",
            wanted_by="sound 'egemaps'",
            install="pip install 'mmer-sweep[opensmile]'",
            notice=OPENSMILE_NOTICE,
        )
        self._smile = opensmile.Smile(
            feature_set=opensmile.FeatureSet.eGeMAPSv02,
            feature_level=opensmile.FeatureLevel.LowLevelDescriptors,
        )
        self._rate_hz = recipe.sample_rate_hz
        self._rows_per_step = max(1, round(recipe.step_s / _HOP_S))
        self.columns: tuple[str, ...] = tuple(self._smile.feature_names)
        self.width = len(self.columns)

    def __call__(self, wave: NDArray[np.float32]) -> NDArray[np.float32]:
        """Turn a wave into features; a wave below 0.1 s is padded with silence.

        Shapes:
            wave: (samples,) -> (T, width), a row every `step_s`
        """
        missing = max(0, round(_SHORTEST_S * self._rate_hz) - len(wave))
        table = self._smile.process_signal(np.pad(wave, (0, missing)), self._rate_hz)
        rows = torch.from_numpy(table.to_numpy(dtype=np.float32, na_value=0.0, copy=True))
        return average_steps(rows, self._rows_per_step).numpy()
