from reports.document.papers import check_papers
from reports.document.words import list_findings
from reports.lint.checks import lint
from search_spaces.catalogue import PAPERS
from search_spaces.printed.published import load_published
from tests.reports.factories import make_study


def test_study_that_nobody_printed_has_no_paper() -> None:
    assert check_papers([make_study(["a"])]) is None


def test_both_papers_have_everything_that_the_lint_finds() -> None:
    found = check_papers(study for studies in PAPERS.values() for study in studies)
    assert found == lint(load_published())


def test_one_paper_has_only_what_is_about_it() -> None:
    found = check_papers(PAPERS["xia2022"])
    assert found is not None
    assert 0 < len(found.findings) < len(lint(load_published()).findings)
    assert all("xia_" in finding.where for finding in found.findings)
    assert [note.id for note in found.notes] == [
        *("I08", "I09", "I10", "I11", "I12", "I13", "I14", "I17", "I18"),
    ]
    assert {claim.paper for claim in found.unchecked} == {"xia"}


def test_groups_are_those_checks_that_found_something() -> None:
    found = check_papers(PAPERS["le2023"])
    assert found is not None
    headings = [group.heading.partition(":")[0] for group in list_findings(found)]
    assert headings == [
        *("Bold", "Ties", "Averages", "Claims", "Baselines", "Repeated", "Feasibility"),
        "Notes (not computed)",
    ]
