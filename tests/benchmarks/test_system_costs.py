from benchmarks.system_costs import without_weights
from search_spaces.catalogue import find_study


def test_no_system_needs_a_checkpoint_to_be_counted() -> None:
    for config in find_study("systems").configs("iemocap", "paper").values():
        model = without_weights(config).model
        assert not model.pretrained_encoders
        assert model.system == config.model.system
