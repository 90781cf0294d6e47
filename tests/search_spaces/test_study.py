import pytest

from models.configs.bimha import BimhaConfig
from models.configs.le import LeConfig
from search_spaces.catalogue import STUDIES
from search_spaces.claim import greater
from search_spaces.errors import StudyError
from search_spaces.study import ANY_CORPUS, ANY_OF_NUMBERS, Column, Row, Study
from search_spaces.trial import TrialConfig

F1 = Column(metric="f1", header="F1")


def make_study(**changes: object) -> Study:
    given = {
        "name": "depth",
        "title": "Depth",
        "baseline": {"tiny": {ANY_CORPUS: TrialConfig()}},
        "rows": (Row(name="ours"),),
        "columns": {ANY_CORPUS: (F1,)},
    }
    return Study.model_validate(given | changes)


def faults_of(study: Study) -> list[str]:
    with pytest.raises(StudyError) as caught:
        study.configs("synthetic", "tiny")
    return str(caught.value).splitlines()


def columns(printed: str) -> dict[str, tuple[Column, ...]]:
    return {ANY_CORPUS: (Column(metric="f1", header="F1", published=printed),)}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"rows": ()}, "rows: a study needs at least one row"),
        ({"seeds": ()}, "seeds: a study needs at least one seed"),
        ({"rows": (Row(name="a"), Row(name="a"))}, "row 'a': listed twice"),
        ({"seeds": (0, 1, 0)}, "seeds: 0 is listed twice"),
        ({"columns": {"mosei": (F1,)}}, "columns: no entry for '*', which is every other corpus"),
        ({"name": "a/b"}, "name: choose letters, digits, '-' and '_', because it names a folder"),
        ({"name": "x" * 201}, "name: it has 201 bytes; at most 200, for it names a folder"),
        ({"name": ""}, "name: choose letters, digits, '-' and '_', because it names a folder"),
        ({"claims": ("L99",)}, "claims: claim 'L99' does not exist; choose from L01, L02"),
        (
            {"rows": (Row(name="a", change={"model.hed": 1}),)},
            "row 'a': model.hed: model has no field 'hed'; choose from modalities, system, width",
        ),
        (
            {"rows": (Row(name="a", published="le_t6/d9999"),)},
            "row 'a': published row 'le_t6/d9999': table 'le_t6' has no row 'd9999'; "
            "choose from d1111, d1122",
        ),
        (
            {"rows": (Row(name="a", published="le_t9/d1111"),)},
            "row 'a': published table 'le_t9' does not exist; choose from le_t1, le_t2",
        ),
        (
            {"rows": (Row(name="a", published="le_t6/d1111"),), "columns": columns("IEMOCAP.WA")},
            "column 'F1': published table 'le_t6' has no column 'IEMOCAP.WA'; "
            "choose from IEMOCAP.Acc, IEMOCAP.F1, MOSEI.WAcc, MOSEI.F1",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_fault_names_the_study_and_the_place(change: dict[str, object], message: str) -> None:
    study = make_study(**change)
    (fault,) = faults_of(study)
    assert fault.startswith(f"study '{study.name}', {message}")


def test_all_faults_of_a_study_are_told_at_once() -> None:
    rows = (
        Row(name="a", change={"model.hed": 1, "modle": 1}, published="le_t6/d9999"),
        Row(name="b", change={"model.width": "wide"}),
        Row(name="b"),
    )
    faults = faults_of(make_study(rows=rows, seeds=(1, 1), claims=("L99",), columns={}))
    assert len(faults) == 8
    assert all(fault.startswith("study 'depth', ") for fault in faults)


def test_unknown_scale_is_told_with_the_choices() -> None:
    with pytest.raises(StudyError, match=r"no baseline at the scale 'paper'; choose from tiny"):
        make_study().configs("synthetic", "paper")


def test_corpus_without_baseline_is_told_with_the_choices() -> None:
    study = make_study(baseline={"tiny": {"mosei": TrialConfig(), "iemocap": TrialConfig()}})
    message = r"no baseline for the corpus 'mine' at the scale 'tiny'; choose from mosei, iemocap"
    with pytest.raises(StudyError, match=message):
        study.configs("mine", "tiny")


def test_own_baseline_and_columns_of_a_corpus_come_before_those_of_any() -> None:
    acc = Column(metric="acc", header="Acc")
    wide = TrialConfig(model=LeConfig(width=512))
    baseline = {"tiny": {ANY_CORPUS: TrialConfig(), "mosei": wide}}
    study = make_study(baseline=baseline, columns={ANY_CORPUS: (F1,), "mosei": (acc,)})
    assert study.configs("mosei", "tiny") == {"ours": wide}
    assert study.configs("mine", "tiny") == {"ours": TrialConfig()}
    assert (study.columns_for("mosei"), study.columns_for("mine")) == ((acc,), (F1,))


def test_row_of_another_system_has_a_baseline_of_its_own() -> None:
    other = TrialConfig(model=LeConfig(width=512))
    rows = (Row(name="a"), Row(name="b", baseline={"tiny": {ANY_CORPUS: other}}))
    configs = make_study(rows=rows).configs("mine", "tiny")
    assert configs == {"a": TrialConfig(), "b": other}


def test_missing_baseline_of_a_row_is_told() -> None:
    rows = (Row(name="a", baseline={"paper": {ANY_CORPUS: TrialConfig()}}),)
    with pytest.raises(StudyError, match=r"row 'a': .* no baseline at the scale 'tiny'.* paper"):
        make_study(rows=rows).configs("mine", "tiny")


def test_reconstructed_row_must_say_so() -> None:
    rows = (Row(name="BIMHA", baseline={"tiny": {ANY_CORPUS: TrialConfig(model=BimhaConfig())}}),)
    with pytest.raises(StudyError, match=r"row 'BIMHA': .* let the name end in \(reconstructed\)"):
        make_study(rows=rows).configs("mine", "tiny")


def test_built_in_study_has_scores_of_numbers_on_a_corpus_of_numbers() -> None:
    for study in STUDIES.values():
        of_numbers = study.for_task("regression")
        assert of_numbers.metric_faults("mine", "regression") == []
        assert study.for_task("multilabel").columns_for("mine") == study.columns_for("mine")
        assert ANY_OF_NUMBERS not in of_numbers.columns
    (fault,) = make_study().for_task("regression").metric_faults("mine", "regression")
    assert "metric 'f1' is for multilabel and multiclass" in fault


def test_others_are_compared_with_the_row_of_the_baseline_or_the_named_or_first_one() -> None:
    deeper, default, deepest = (
        Row(name=f"{depth} layers", change={"model.audio.depth": depth}) for depth in (3, 2, 4)
    )
    study = make_study(rows=(deeper, default, deepest))
    assert study.find_baseline_row("synthetic", "tiny") == "2 layers"
    named = study.model_copy(update={"compared_with": "4 layers"})
    assert named.find_baseline_row("synthetic", "tiny") == "4 layers"
    without = study.model_copy(update={"rows": (deeper, deepest)})
    assert without.find_baseline_row("synthetic", "tiny") == "3 layers"


def test_claim_that_more_is_better_is_refused_where_less_is() -> None:
    rows = (Row(name="a"), Row(name="b"))
    claims = [greater("own", "", "a", "b", corpus="x", metric=name) for name in ("mae", "f1")]
    (fault,) = faults_of(make_study(rows=rows, claims=claims[:1]))
    assert fault.endswith(
        "says 'greater', but by 'mae' lower is better; say `better(...)`, which fits every metric"
    )
    assert make_study(rows=rows, claims=claims[1:]).configs("synthetic", "tiny")
