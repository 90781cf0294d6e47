"""A space: models of Le et al. among which a search finds the best by validation F1.

    mmer-sweep tune beginning.py --trials 20    # more later: a search goes on where it ended

Without --corpus it searches on the synthetic corpus, which the first run makes.
"""

from mmer_sweep import Choice, IntRange, LogRange, Space, choice_of

BEGINNING = Space(
    name="beginning",
    title="Depth, fusion and learning rate of Le et al.'s model",
    systems={"le": "search_spaces.systems.le:LE"},  # also XIA: docs/search.md
    fields=(
        # Each field is a path in the config, as in a row of a study, and its values.
        IntRange(path="model.audio.depth", low=1, high=4),
        Choice(
            name="fusion",  # an option changes one field or several; a part comes with its `kind`
            options={
                "transformer": {"model.fusion": {"kind": "transformer", "depth": 2}},
                "bottleneck": {"model.fusion": {"kind": "bottleneck", "depth": 2, "num_tokens": 4}},
            },
        ),
        IntRange(path="model.fusion.depth", low=1, high=4),
        # This field exists only where the choice before it has one of these options.
        choice_of("model.fusion.num_tokens", (1, 4, 16), when={"fusion": ("bottleneck",)}),
        LogRange(path="training.learning_rate", low=1e-4, high=3e-3),
    ),
    # Common to all candidates:
    # change={"training.max_epochs": 5},
)
