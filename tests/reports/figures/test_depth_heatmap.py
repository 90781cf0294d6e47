import pytest

from reports.figures.depth_heatmap import draw_depth_heatmap, find_design
from reports.ledger.ledger import Ledger
from search_spaces.catalogue import STUDIES
from search_spaces.studies.le2023 import LAYERS
from tests.reports.factories import collect, make_study, write_rows


def draw(storage, study=LAYERS, num_seeds=3, **given):
    ledger = Ledger(storage)
    keys = write_rows(ledger, study, range(len(study.rows)), num_seeds)
    return draw_depth_heatmap(study, collect(study, keys, ledger, **given))


@pytest.mark.parametrize("study", STUDIES.values(), ids=STUDIES)
def test_only_rows_of_several_integers_have_a_design(tmp_path, study) -> None:
    keys = {row.name: () for row in study.rows}
    design = find_design(study, collect(study, keys, Ledger(tmp_path)))
    assert (design is not None) == (study.name == "layers")


def test_design_is_the_printed_one(tmp_path) -> None:
    keys = {row.name: () for row in LAYERS.rows}
    design = find_design(LAYERS, collect(LAYERS, keys, Ledger(tmp_path)))
    assert design is not None
    assert [*design] == [
        *("model.vision.depth", "model.audio.depth", "model.fusion.depth", "model.head.depth")
    ]
    assert {"-".join(map(str, depths)) for depths in design.to_numpy()} == {*design.index}


def test_scores_stand_beside_published_ones_with_points_from_the_mean(tmp_path) -> None:
    data = draw(tmp_path, corpus="iemocap").data
    ours, published = (
        data[(data["corpus"] == f"IEMOCAP ({origin})") & (data["metric"] == "Acc")]
        for origin in ("ours, tiny scale", "published")
    )
    # row n has n, n + 1 and n of 20 utterances wrong; 2.5 is the mean of 0 to 5
    assert ours["score_fraction"].tolist() == pytest.approx(
        [1 - (n + 1 / 3) / 20 for n in range(6)]
    )
    assert ours["deviation_fraction"].tolist() == pytest.approx([(2.5 - n) / 20 for n in range(6)])
    printed = [0.8379, 0.8482, 0.8592, 0.8423, 0.8372, 0.8404]
    assert published["score_fraction"].tolist() == pytest.approx(printed)
    assert published["deviation_fraction"].sum() == pytest.approx(0)
    assert published["model.fusion.depth"].tolist() == [1, 2, 2, 4, 4, 6]


def test_synthetic_scores_stand_beside_everything_published(tmp_path) -> None:
    drawing = draw(tmp_path, num_seeds=1)
    assert drawing.data["corpus"].unique().tolist() == [
        "Synthetic corpus (ours, tiny scale)",
        "IEMOCAP (published)",
        "CMU-MOSEI (published)",
    ]
    assert "no reproduction" in drawing.caption


def test_rows_that_were_not_printed_are_blank(tmp_path) -> None:
    study = LAYERS.model_copy(
        update={
            "rows": tuple(row.model_copy(update={"published": ()}) for row in LAYERS.rows[:1])
            + LAYERS.rows[1:]
        }
    )
    data = draw(tmp_path, study, corpus="iemocap").data
    published = data[data["corpus"] == "IEMOCAP (published)"]
    assert published[published["score_fraction"].isna()]["row"].unique().tolist() == ["1-1-1-1"]
    assert published["deviation_fraction"].sum() == pytest.approx(0)


def test_nothing_is_drawn_for_one_field_or_before_a_trial_is_finished(tmp_path) -> None:
    assert draw(tmp_path, make_study()) is None
    keys = {row.name: ("missing",) for row in LAYERS.rows}
    assert draw_depth_heatmap(LAYERS, collect(LAYERS, keys, Ledger(tmp_path))) is None
