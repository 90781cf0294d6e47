"""A table says which checks of its contract a user's own model need not pass."""

from pathlib import Path

from reports.ledger.ledger import Ledger
from reports.tables.table import build_table
from search_spaces.study import ANY_CORPUS, Row
from search_spaces.trial import TrialConfig
from tests.models.own.own_files import wrap, write_own_files
from tests.reports.factories import collect, make_split, make_study, make_trial, write_trial


def test_table_names_the_checks_that_a_row_waives(tmp_path: Path) -> None:
    net = wrap(write_own_files(tmp_path / "user"), waives=("neighbours", "gradients"))
    plain, waiving = TrialConfig(), TrialConfig(model=net)
    rows = (
        Row(name="plain"),
        Row(name="waiving", baseline={"tiny": {ANY_CORPUS: waiving}}),
    )
    study = make_study(rows=rows)
    ledger = Ledger(tmp_path)
    for key, config in (("0-0", plain), ("1-0", waiving)):
        write_trial(ledger, make_trial(0, config), make_split(0, 3), key=key)
    keys = {"plain": ("0-0",), "waiving": ("1-0",)}
    table = build_table(study, [collect(study, keys, ledger)])
    told = "its model is not held to: gradients, neighbours"
    (letter,) = (letter for letter, text in table.footnotes.items() if text == told)
    assert letter in table.marks[1].split(",")
    assert letter not in table.marks[0].split(",")
