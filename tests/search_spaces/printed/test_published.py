import pytest

from search_spaces.errors import StudyError
from search_spaces.printed.published import load_published


def test_values_keep_the_digits_that_were_printed() -> None:
    assert load_published().row("le_t5/fusion_emo").values[3] == "47.60"


def test_config_says_which_system_a_row_is_about() -> None:
    data = load_published()
    assert data.row("le_t3/fe2e").config == data.row("xia_t2_iemocap/fe2e").config
    assert data.row("xia_t4/ser_wo").config == {"system": "xia_ser", "sem": "0"}


def test_supports_refer_to_test_splits() -> None:
    data = load_published()
    for corpus, printed in data.supports.items():
        row = data.row(printed.positives)
        assert (row.dataset, row.split) == (corpus, "test")
        assert printed.utterances.startswith("le_t1/test/")


def test_utterances_of_iemocap_have_one_emotion_each() -> None:
    positives = load_published().row("xia_t1/iemocap_test").values
    assert sum(map(int, positives)) == int(load_published().row("le_t1/test").values[0])


def test_every_spelling_stands_in_a_column() -> None:
    data = load_published()
    columns = {c for table in data.tables.values() for c in table.columns}
    columns |= {c for table in data.tables.values() for row in table.rows for c in row.columns}
    assert data.names.keys() <= {part for column in columns for part in column.split(".")}


def test_ids_of_claims_are_unique() -> None:
    ids = [claim.id for claim in load_published().claims]
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("le_t9/ours", "'le_t9' does not exist; choose from le_t1"),
        ("le_t6/d9999", "has no row 'd9999'; choose from d1111"),
    ],
)
def test_row_that_is_not_printed_is_refused_with_the_choices(reference: str, message: str) -> None:
    with pytest.raises(StudyError, match=message):
        load_published().row(reference)


def test_claim_that_is_not_there_is_refused_with_the_choices() -> None:
    with pytest.raises(StudyError, match="'L99' does not exist; choose from L01"):
        load_published().claim("L99")
