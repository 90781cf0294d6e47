from pathlib import Path

import pytest
from rich.console import Console

from corpora.preparation.known import KnownCorpus, know_corpus
from corpora.recipes.pictures import LE, XIA
from corpora.source.errors import CorpusError
from corpora.source.utterance import Modality
from corpora.store.manifest import CorpusIdentity, Manifest
from models.configs.le import LeTextConfig
from models.configs.xia import XiaConfig
from models.weights.errors import WeightsError
from orchestrator.plan.plan import (
    Plan,
    default_scale,
    make_plan,
    misfits,
    missing_trials,
    planned_of,
)
from orchestrator.plan.seeds import ExtraSeeds
from orchestrator.plan.view import plan_view
from reports.ledger.ledger import RECORD_FILE, Ledger, LedgerError
from search_spaces.catalogue import STUDIES
from search_spaces.errors import StudyError
from search_spaces.study import Row, RowRef, Study
from search_spaces.trial import Trial, TrialConfig
from tests.orchestrator.factories import small_study
from tests.reports.factories import make_circumstances, make_split, write_trial

IDENTITY = CorpusIdentity(name="mine", kind="clips", fingerprint="f00d", recipe=LE)
CORPUS = KnownCorpus("mine", "clips", lambda recipe: IDENTITY)
FULL = "+ Transformer-based Fusion + Emotion-level Embedding"


def plan(study: Study, ledger: Ledger, num_seeds: int | None = None) -> Plan:
    return make_plan(study, CORPUS, "tiny", num_seeds, ledger)


def finish(ledger: Ledger, trial: Trial) -> None:
    write_trial(ledger, trial, make_split(0, 0))


def with_rows(*rows: Row) -> Study:
    return small_study(num_seeds=2).model_copy(update={"rows": rows})


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path)


def test_every_row_has_a_trial_of_every_seed(ledger: Ledger) -> None:
    planned = plan(small_study(num_seeds=2), ledger)
    assert {row: [t.seed for t in trials] for row, trials in planned.trials.items()} == {
        "shallow": [0, 1],
        "deep": [0, 1],
    }
    assert planned.num_cells == 4
    assert {trial.corpus.fingerprint for trial in planned.missing} == {"f00d"}


def test_all_rows_of_a_seed_come_before_the_next_seed(ledger: Ledger) -> None:
    planned = plan(small_study(num_seeds=3), ledger)
    order = [(t.seed, planned.rows_by_key[t.key][0].row) for t in planned.missing]
    assert order == [(seed, row) for seed in range(3) for row in ("shallow", "deep")]


def test_given_number_of_seeds_replaces_the_studys(ledger: Ledger) -> None:
    planned = plan(small_study(num_seeds=1), ledger, num_seeds=3)
    assert [trial.seed for trial in planned.trials["deep"]] == [0, 1, 2]


@pytest.mark.parametrize(("num_seeds", "seeds"), [(None, [0, 1]), (3, [0, 1, 2])])
def test_control_gives_the_baseline_row_as_many_more_seeds(
    ledger: Ledger, num_seeds: int | None, seeds: list[int]
) -> None:
    study = small_study(num_seeds=2).model_copy(update={"compared_with": "deep"})
    planned = make_plan(study, CORPUS, "tiny", ExtraSeeds(num_seeds, has_control=True), ledger)
    assert [trial.seed for trial in planned.trials["shallow"]] == seeds
    assert [trial.seed for trial in planned.trials["deep"]] == list(range(2 * len(seeds)))


def test_finished_trials_are_found_in_the_ledger(ledger: Ledger) -> None:
    before = plan(small_study(num_seeds=2), ledger)
    finish(ledger, before.trials["deep"][1])
    after = plan(small_study(num_seeds=2), ledger)
    assert list(after.finished) == [before.trials["deep"][1].key]
    assert after.missing == [t for t in before.missing if t.key not in after.finished]


def test_rows_of_equal_config_share_their_trials(ledger: Ledger) -> None:
    study = with_rows(Row(name="a"), Row(name="b", change={"model.fusion.depth": 2}))
    planned = plan(study, ledger)
    assert (planned.num_cells, len(planned.missing)) == (4, 2)
    refs = (RowRef("small", "a"), RowRef("small", "b"))
    assert list(planned.rows_by_key.values()) == [refs, refs]


def test_trials_that_studies_share_are_trained_once(ledger: Ledger) -> None:
    plans = [plan(STUDIES[name], ledger) for name in ("layers", "components")]
    missing = missing_trials(plans)
    assert (sum(p.num_cells for p in plans), len(missing)) == (60, 55)
    for trial in plans[1].trials[FULL]:
        assert missing[trial.key][1] == RowRef("layers", "2-2-2-2")


def test_a_shared_trial_is_finished_for_every_study(ledger: Ledger) -> None:
    finish(ledger, plan(STUDIES["layers"], ledger).trials["2-2-2-2"][0])
    plans = [plan(STUDIES[name], ledger) for name in ("layers", "components")]
    assert [len(p.finished) for p in plans] == [1, 1]
    assert len(missing_trials(plans)) == 54


def test_every_misfit_of_corpus_and_config_is_named(ledger: Ledger) -> None:
    study = with_rows(
        Row(name="a", change={"model.vision.face_px": 128}),
        Row(name="b", change={"model.audio.num_mels": 256, "model.audio.chunk_frames": 96}),
    )
    with pytest.raises(StudyError) as caught:
        plan(study, ledger)
    prepared = "(recipe 'le'); prepare it again or change the field"
    assert str(caught.value).splitlines() == [
        "study 'small', row 'a', model.vision.face_px: needs 128, "
        f"but corpus 'mine' was prepared with 64 {prepared}",
        "study 'small', row 'b', model.audio.num_mels: needs 256, "
        f"but corpus 'mine' was prepared with 128 {prepared}",
        "study 'small', row 'b', model.audio.chunk_frames: needs 96, "
        f"but corpus 'mine' was prepared with 32 {prepared}",
    ]


def test_features_that_are_pictures_are_named(ledger: Ledger) -> None:
    change = {"model.features": "le"}
    study = STUDIES["systems"].model_copy(update={"claims": ()})
    row = next(row for row in study.rows if row.name == "LF-LSTM")
    pictures = row.model_copy(update={"change": {**row.change, **change}})
    with pytest.raises(StudyError, match=r"model\.features: corpus 'mine', recipe 'le', holds "):
        plan(study.model_copy(update={"rows": (pictures,)}), ledger)


def test_features_that_the_synthetic_corpus_lacks_are_told(ledger: Ledger) -> None:
    known = know_corpus("synthetic", ledger.storage)
    with pytest.raises(CorpusError, match="recipe 'wavlm'; choose from dai, le, xia, le-wave"):
        known.identify("wavlm")


def test_pretrained_weights_are_asked_for_before_anything_is_trained(
    ledger: Ledger, tmp_path: Path
) -> None:
    text = LeTextConfig(weights=str(tmp_path)).model_dump(mode="json")
    with pytest.raises(WeightsError, match=r"model\.text\.weights .* To get them: "):
        plan(with_rows(Row(name="a", change={"model.text": text})), ledger)


def test_rows_read_the_corpus_by_the_recipes_of_their_systems(ledger: Ledger) -> None:
    known = know_corpus("synthetic", ledger.storage)
    planned = make_plan(STUDIES["systems"], known, "tiny", 1, ledger)
    assert planned.recipes == ["dai", "handcrafted", "le", "xia"]
    for trial in planned.missing:
        identity = known.identify(trial.config.model.recipe)
        assert trial.corpus.fingerprint == identity.fingerprint


def test_recipe_that_is_not_prepared_is_told(storage: Path, manifest: Manifest) -> None:
    known = know_corpus(manifest.name, storage)
    with pytest.raises(CorpusError, match=r"by the recipe le, not 'xia': .* with --recipe xia"):
        make_plan(STUDIES["modules"], known, "tiny", 1, Ledger(storage))


@pytest.mark.parametrize(
    ("corpus", "scale"),
    [("iemocap", "paper"), ("mosei", "paper"), ("synthetic", "tiny"), ("clips", "tiny")],
)
def test_default_scale_is_the_papers_only_on_its_corpora(corpus: str, scale: str) -> None:
    assert default_scale(KnownCorpus("any", corpus, lambda recipe: IDENTITY)) == scale


def finish_by_other_code(ledger: Ledger, trial: Trial, code_digest: str | None) -> None:
    circumstances = make_circumstances(code_digest=code_digest)
    write_trial(ledger, trial, make_split(0, 0), circumstances=circumstances)


@pytest.mark.parametrize("code_digest", ["0123", None])
def test_finished_trials_of_other_code_are_told_and_used(
    ledger: Ledger, code_digest: str | None
) -> None:
    first, second = plan(small_study(num_seeds=2), ledger).trials["deep"]
    finish_by_other_code(ledger, first, code_digest)
    finish(ledger, second)
    planned = plan(small_study(num_seeds=2), ledger)
    assert planned.of_other_code == (first.key,)
    assert planned.keys["deep"] == (first.key, second.key)
    said = shown(planned)
    assert "other code trained 1 of the finished trials (rows deep); --retrain" in said


def test_retraining_plans_trials_of_other_code_beside_the_old_ones(ledger: Ledger) -> None:
    study = small_study(num_seeds=1)
    (old,) = plan(study, ledger).trials["deep"]
    (kept,) = plan(study, ledger).trials["shallow"]
    finish_by_other_code(ledger, old, "0123")
    finish(ledger, kept)
    planned = make_plan(study, CORPUS, "tiny", None, ledger, retrain=True)
    (anew,) = planned.missing
    assert anew.key != old.key
    assert (anew.config, anew.seed) == (old.config, old.seed)
    finish(ledger, anew)
    # The new record counts from now on; the old one is still there.
    planned = plan(study, ledger)
    assert planned.keys["deep"] == (anew.key,)
    assert not planned.of_other_code
    assert ledger.find(old.key)


def test_all_damaged_records_are_told_at_once(ledger: Ledger) -> None:
    trials = plan(small_study(num_seeds=2), ledger).trials["deep"]
    for trial in trials:
        finish(ledger, trial)
        (ledger.folder(trial.key) / RECORD_FILE).write_bytes(b"{")
    with pytest.raises(LedgerError) as told:
        plan(small_study(num_seeds=2), ledger)
    assert all(trial.key in str(told.value) for trial in trials)


def shown(planned: Plan) -> str:
    console = Console(width=200)
    with console.capture() as capture:
        console.print(plan_view([planned]))
    return capture.get()


def vary(ledger: Ledger, num_seeds: int | None = None, *, has_control: bool = False) -> Plan:
    study = small_study(num_seeds=2).model_copy(update={"compared_with": "deep"})
    seeds = ExtraSeeds(num_seeds, has_control, varied=("init", "order"))
    return make_plan(study, CORPUS, "tiny", seeds, ledger)


def test_each_stream_is_varied_alone_beside_the_first_seed_of_the_others(ledger: Ledger) -> None:
    planned = vary(ledger, num_seeds=3)
    first, *_ = planned.trials["deep"]
    assert [t.streams for t in planned.varied["init"]] == [{}, {"init": 1}, {"init": 2}]
    assert planned.varied["init"][0] == planned.varied["order"][0] == first
    assert {t.config for of_one in planned.varied.values() for t in of_one} == {first.config}
    assert (planned.num_cells, len(planned.missing)) == (12, 10)


def test_varied_trials_are_no_seeds_of_the_row(ledger: Ledger) -> None:
    planned, plain = vary(ledger), plan(small_study(num_seeds=2), ledger)
    assert planned.keys == plain.keys
    trial = planned.varied["order"][1]
    assert planned.rows_by_key[trial.key] == (RowRef("small", "deep (order varied)"),)
    stored = planned_of(planned, looks=())
    assert stored.keys == plain.keys
    assert stored.varied["order"] == (plain.keys["deep"][0], trial.key)
    assert stored.rows_by_key == planned.rows_by_key


def test_control_does_not_lengthen_what_is_varied(ledger: Ledger) -> None:
    planned = vary(ledger, has_control=True)
    assert len(planned.trials["deep"]) == 4
    assert [len(of_one) for of_one in planned.varied.values()] == [2, 2]


def test_finished_varied_trial_is_not_planned_again(ledger: Ledger) -> None:
    finish(ledger, vary(ledger).varied["init"][1])
    assert len(vary(ledger).missing) == 5


def test_one_seed_cannot_be_split_into_streams(ledger: Ledger) -> None:
    with pytest.raises(StudyError, match="one seed has no spread that --vary could explain"):
        vary(ledger, num_seeds=1)


def test_plan_says_what_is_varied(ledger: Ledger) -> None:
    console = Console(width=120, record=True)
    with console.capture() as capture:
        console.print(plan_view([vary(ledger)]))
    assert "small/deep also trains with init, order varied alone, 2 seeds each" in capture.get()
    assert "8 rows x seeds are 6 trials, 2 saved by sharing" in capture.get()


def without(*modalities: Modality) -> KnownCorpus:
    identity = IDENTITY.model_copy(update={"without": modalities})
    return KnownCorpus("mine", "clips", lambda recipe: identity)


def test_rows_that_read_what_the_corpus_lacks_are_refused_and_named(ledger: Ledger) -> None:
    study = with_rows(
        Row(name="all"),
        Row(name="seen", change={"model.modalities": ["vision"]}),
        Row(name="heard", change={"model.modalities": ["audio"]}),
    )
    with pytest.raises(StudyError) as caught:
        make_plan(study, without("text", "vision"), "tiny", None, ledger)
    assert str(caught.value).splitlines() == [
        "study 'small', row 'all', model.modalities: the model reads text and vision, which corpus "
        '\'mine\' does not hold; choose change={"model.modalities": ["audio"]} in the row or its '
        "baseline, or another corpus",
        "study 'small', row 'seen', model.modalities: the model reads vision, which corpus 'mine' "
        "does not hold; choose another corpus",
    ]


def test_rows_that_read_what_the_corpus_holds_are_planned(ledger: Ledger) -> None:
    study = with_rows(Row(name="heard", change={"model.modalities": ["audio"]}))
    planned = make_plan(study, without("text", "vision"), "tiny", 1, ledger)
    assert len(planned.missing) == 1


def test_text_that_enhances_another_modality_is_read() -> None:
    config = TrialConfig(model=XiaConfig(modalities=("audio", "vision")))
    identity = IDENTITY.model_copy(update={"without": ("text",), "recipe": XIA})
    faults = misfits(config, KnownCorpus("mine", "clips", lambda recipe: identity))
    assert faults[0] == (
        "model.modalities: the model reads text, which corpus 'mine' does not hold; choose another "
        "corpus"
    )
