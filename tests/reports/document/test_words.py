from pathlib import Path

from reports.document.content import Report
from reports.document.words import describe_source, list_verdicts, write_opening
from reports.ledger.planned import remember
from search_spaces.catalogue import find_study
from tests.reports.document.factories import assemble_report, write_own_study, write_study
from tests.reports.factories import make_study


def test_opening_counts_and_cautions(made: Report) -> None:
    assert list(write_opening(made)) == [
        "3 studies; 21 of 25 planned trials are finished, the newest started on 2025-01-01 at "
        "00:00 UTC.",
        "Scores on the synthetic corpus or below the paper's scale are no reproduction of "
        "published numbers.",
        "Trials differ in device: cpu (13 trials), a GPU (8 trials).",
    ]


def test_opening_without_a_finished_trial(tmp_path: Path) -> None:
    write_study(tmp_path, make_study(["a"]), {"a": [None]})
    assert next(write_opening(assemble_report(tmp_path))) == (
        "1 study; 0 of 1 planned trials are finished."
    )


def test_opening_counts_trials_in_which_a_stream_is_varied(tmp_path: Path) -> None:
    planned = write_study(tmp_path, make_study(["a"]), {"a": [4, 5]})
    varied = {"init": (planned.keys["a"][0], "not-finished")}
    remember(planned.model_copy(update={"varied": varied}), tmp_path)
    assert next(write_opening(assemble_report(tmp_path))).startswith(
        "1 study; 2 of 3 planned trials are finished"
    )


def test_source_is_named_if_there_is_one() -> None:
    assert describe_source(make_study()) == "After Table 6 of Le et al.: A Paper, IEEE Access."
    assert describe_source(make_study(source=None)) == ""


def test_verdicts_are_counted(tmp_path: Path) -> None:
    write_own_study(tmp_path)
    (chapter,) = assemble_report(tmp_path).chapters
    assert list_verdicts(chapter) == "1 HOLDS"


def test_questions_are_counted_by_themselves(tmp_path: Path) -> None:
    study = find_study("layers")
    wrong: dict[str, list[int | None]] = {row.name: [4, 5, 4] for row in study.rows}
    write_study(tmp_path, study, wrong | {"2-2-2-2": [0, 1, 0]}, corpus="mine")
    write_study(tmp_path, study, wrong, corpus="others")
    (chapter,) = assemble_report(tmp_path).chapters
    told = list_verdicts(chapter)
    assert told.startswith("5 UNTESTABLE. On mine, tiny scale (no paper claims it): 1 HOLDS, ")
    assert ". On others, tiny scale (no paper claims it): " in told
