"""The built-in studies say what the papers printed."""

import fnmatch
from itertools import product
from pathlib import Path

import pytest
import yaml

from models.configs.system import SYSTEM_NAMES
from models.configs.xia import XiaConfig
from search_spaces import published
from search_spaces.catalogue import STUDIES
from search_spaces.change import flatten
from search_spaces.published import load_published
from search_spaces.study import Scale, Study
from search_spaces.trial import CorpusRef, Trial, TrialConfig

CORPORA = ("iemocap", "mosei", "synthetic", "other")
FULL = "+ Transformer-based Fusion + Emotion-level Embedding"

PRINTED = {n: study for n, study in STUDIES.items() if any(row.published for row in study.rows)}

every_study = pytest.mark.parametrize("study", STUDIES.values(), ids=STUDIES)
every_printed_study = pytest.mark.parametrize("study", PRINTED.values(), ids=PRINTED)


def key(config: TrialConfig, corpus: str) -> str:
    return Trial(
        config=config, corpus=CorpusRef(name=corpus, recipe="le", fingerprint=corpus), seed=0
    ).key


def keys(study: str, corpus: str, scale: Scale) -> dict[str, str]:
    configs = STUDIES[study].configs(corpus, scale)
    return {row: key(config, corpus) for row, config in configs.items()}


@every_study
def test_study_resolves_at_every_scale_on_every_corpus(study: Study) -> None:
    for scale, corpus in product(study.baseline, CORPORA):
        configs = study.configs(corpus, scale)
        assert list(configs) == [row.name for row in study.rows]
        assert len(set(keys(study.name, corpus, scale).values())) == len(study.rows)


@every_printed_study
def test_every_row_cites_one_printed_row_of_the_table_that_the_source_names(study: Study) -> None:
    table = study.published_table()
    assert table is not None
    assert study.source is not None
    assert table.label == study.source.label
    cited = [load_published().row(str(row.published)) for row in study.rows]
    assert {printed.id for printed in cited} == {printed.id for printed in table.rows}


@every_printed_study
def test_every_claim_is_about_the_table(study: Study) -> None:
    (table_id,) = {str(row.published).partition("/")[0] for row in study.rows}
    claims = [load_published().claim(claim) for claim in study.claims]
    assert all(cell.startswith(f"{table_id}/") for claim in claims for cell in claim.cells)


@every_printed_study
def test_columns_on_a_papers_corpus_name_what_was_printed_for_it(study: Study) -> None:
    table = study.published_table()
    assert table is not None
    for corpus in ("iemocap", "mosei"):
        names = [column.published for column in study.columns_for(corpus)]
        assert names == [name for name in table.columns if name.lower().startswith(corpus)]


def printed_configs(table: str) -> dict[str, dict[str, object]]:
    text = (Path(published.__file__).parent / "published.yaml").read_text(encoding="utf-8")
    return {row["id"]: row["config"] for row in yaml.safe_load(text)["tables"][table]["rows"]}


def test_depths_equal_the_printed_ones() -> None:
    printed = printed_configs("le_t6")
    study = STUDIES["layers"]
    for row, config in zip(study.rows, study.configs("iemocap", "paper").values(), strict=True):
        fields = flatten(config)
        assert printed[str(row.published).partition("/")[2]] == {
            "system": "le_full",
            "img_enc": fields["model.vision.depth"],
            "spec_enc": fields["model.audio.depth"],
            "fusion_enc": fields["model.fusion.depth"],
            "emo_dec": fields["model.head.depth"],
        }


def described(model: XiaConfig) -> dict[str, object]:
    """Say in the words of the printed configs what a model is."""
    enhanced = bool(model.audio.sem_after or model.vision.sem_after)
    match model.modalities:
        case ("text", "audio", "vision"):
            is_mbt = model.cross.kind == "bottleneck"
            return {"system": "xia", "sem": enhanced, "mbt": is_mbt, "text_decision": True}
        case ("audio", "vision"):
            cross = model.cross.kind.replace("bottleneck", "mbt")
            return {"system": "xia_av", "cross": cross, "sem": enhanced, "text_decision": False}
        case ("audio",):
            return {"system": "xia_ser", "sem": len(model.audio.sem_after)}
        case _:
            return {"system": "xia_fer", "sem": len(model.vision.sem_after)}


@pytest.mark.parametrize("study", ["modules", "unimodal", "cross-modal"])
def test_rows_are_the_printed_models(study: str) -> None:
    rows, configs = STUDIES[study].rows, STUDIES[study].configs("iemocap", "paper")
    table, *_ = str(rows[0].published).split("/")
    found = {str(row.published).partition("/")[2]: configs[row.name].model for row in rows}
    assert {row: described(XiaConfig(**dict(model))) for row, model in found.items()} == (
        printed_configs(table)
    )


def test_rows_of_figure_5_insert_one_more_each_time() -> None:
    models = [config.model for config in STUDIES["sem"].configs("iemocap", "paper").values()]
    audio, vision = models[:5], models[5:]
    assert [len(model.audio.sem_after) for model in audio if isinstance(model, XiaConfig)] == [
        *range(5)
    ]
    assert [len(model.vision.sem_after) for model in vision if isinstance(model, XiaConfig)] == [
        *range(5)
    ]


def test_every_system_is_a_row_at_both_scales() -> None:
    for scale in ("tiny", "paper"):
        configs = STUDIES["systems"].configs("iemocap", scale).values()
        assert sorted(config.model.system for config in configs) == sorted(SYSTEM_NAMES)


def test_reconstructed_systems_say_so_in_their_names() -> None:
    configs = STUDIES["systems"].configs("iemocap", "paper")
    reconstructed = {name for name, config in configs.items() if config.model.reconstructed}
    assert reconstructed == {"BIMHA (reconstructed)", "CMHA (reconstructed)"}


@pytest.mark.parametrize(
    ("corpus", "scale", "depth"),
    [
        ("iemocap", "paper", "2-2-2-2"),
        ("mosei", "paper", "4-4-4-4"),
        ("synthetic", "tiny", "2-2-2-2"),
        ("other", "tiny", "2-2-2-2"),
    ],
)
def test_full_model_is_one_trial_of_both_studies(corpus: str, scale: Scale, depth: str) -> None:
    components, layers = keys("components", corpus, scale), keys("layers", corpus, scale)
    assert components[FULL] == layers[depth]
    assert set(components.values()) & set(layers.values()) == {layers[depth]}


def test_published_values_are_text_of_the_printed_precision() -> None:
    assert load_published().row("le_t6/d4444").values == ("83.72", "57.90", "67.81", "47.60")
    assert load_published().row("xia_t2_iemocap/lf_lstm").values[5] == "0.540"


def test_all_printed_tables_cells_and_claims_are_there() -> None:
    data = load_published()
    cells = [value for table in data.tables.values() for row in table.rows for value in row.values]
    assert (len(data.tables), len(cells), len(data.claims)) == (16, 640, 66)
    assert all(float(cell) >= 0 for cell in cells)


def test_every_claim_cites_printed_cells() -> None:
    data = load_published()
    claims = [claim for claim in data.claims if claim.kind != "order_from_figure"]
    for cell in (cell for claim in claims for cell in claim.cells):
        table_id, row_id, column = cell.split("/")
        data.row(f"{table_id}/{row_id}")
        assert fnmatch.filter(data.table(table_id).columns, column), cell
