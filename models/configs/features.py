"""What the configs of systems on hand-crafted features have in common."""

from models.configs.base import Modality, Rate, SystemConfig, later
from models.configs.decision_fusion import DecisionFusion, WeightedSum


class FeatureSystemConfig(SystemConfig):
    """A system that reads hand-crafted features.

    Departure: with `standardise` each feature is brought to mean 0 and deviation 1 over the rows of
    the training split; Dai et al. feed them raw. Ours span decades. `features` is what `prepare
    --as` calls them: so rows can read hand-crafted features and the states of encoders.
    """

    standardise: bool = True
    features: str = later("handcrafted")

    @property
    def recipe(self) -> str:  # type: ignore[override]  # here it is a value of the config
        """The recipe that its corpus is prepared by."""
        return self.features


class LateFusionConfig(FeatureSystemConfig):
    """One decision for each modality, and their fusion.

    In training, `modality_dropout` is the probability that the fusion does not see a decision of an
    utterance; at least one decision is always kept.
    """

    modality_dropout: Rate = 0.0
    fusion: DecisionFusion = WeightedSum()


def check_pairs(modalities: tuple[Modality, ...], *, of: str) -> None:
    """Make sure that there are pairs of modalities.

    Raises:
        ValueError: If there are none.
    """
    if len(modalities) == 1:
        raise ValueError(
            f"the system {of!r} pairs modalities, but modalities holds {modalities[0]!r} alone; "
            "choose two or three, or the system 'lf_lstm'"
        )
