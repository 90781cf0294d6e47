import shutil

import pytest
from matplotlib.cbook import is_math_text

from reports.figures.words import name_field, show_name, write_figure_caption
from reports.ledger.ledger import Ledger
from tests.reports.factories import collect, make_study, write_rows


def test_name_is_wrapped_between_words() -> None:
    assert show_name("+ Transformer-based Fusion", 20) == "+ Transformer-based\nFusion"


def test_name_is_not_read_as_mathematics() -> None:
    assert is_math_text("$a_b$ 50 %")
    assert not is_math_text(show_name("$a_b$ 50 %"))
    assert show_name("_a") == " _a"


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("model.fusion.depth", "fusion depth"),
        ("model.cross.num_tokens", "number of tokens"),
        ("model.audio.sem_after", "number of SEMs"),
        ("training.learning_rate", "training learning rate"),
    ],
)
def test_field_is_named_in_words(path: str, name: str) -> None:
    assert name_field(path) == name


def test_caption_says_what_is_there(tmp_path) -> None:
    ledger, study = Ledger(tmp_path), make_study()
    keys = write_rows(ledger, study, [4, 2, 0], num_seeds=2)
    shutil.rmtree(ledger.folder("1-1"))
    assert write_figure_caption(study, collect(study, keys, ledger), "Bars: means.", "") == (
        "Depth of the model, after Table 6 of Le et al. (IEEE Access). Bars: means. "
        "Trained on the synthetic corpus at the tiny scale, 2 seeds a row; "
        "5 of 6 planned trials are finished. "
        "Scores on the synthetic corpus at the tiny scale are no reproduction of published numbers."
    )


def test_caption_of_the_papers_setting_disclaims_nothing(tmp_path) -> None:
    ledger, study = Ledger(tmp_path), make_study(["a"], source=None)
    keys = write_rows(ledger, study, [4], num_seeds=1)
    outcome = collect(study, keys, ledger, corpus="iemocap", scale="paper")
    assert write_figure_caption(study, outcome) == (
        "Depth of the model. Trained on IEMOCAP at the paper scale, one seed a row."
    )
