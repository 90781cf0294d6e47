"""The built-in studies say what the papers printed."""

import fnmatch
from itertools import product
from pathlib import Path
from typing import get_args

import pytest
import yaml

from corpora.iemocap.turn import IEMOCAP_EMOTIONS
from corpora.mosei.labels import MOSEI_EMOTIONS
from models.configs.system import SYSTEM_NAMES
from models.configs.xia import XiaConfig
from search_spaces.catalogue import STUDIES
from search_spaces.change import flatten
from search_spaces.printed import published
from search_spaces.printed.published import load_published
from search_spaces.study import Study
from search_spaces.terms import Scale
from search_spaces.trial import CorpusRef, Trial, TrialConfig

CORPORA = ("iemocap", "mosei", "synthetic", "other")
FULL = "+ Transformer-based Fusion + Emotion-level Embedding"

every_study = pytest.mark.parametrize("study", STUDIES.values(), ids=STUDIES)


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


TABLES_OF = {
    "main": ("le_t3", "le_t4"),
    "components": ("le_t5",),
    "layers": ("le_t6",),
    "sota": ("xia_t2_iemocap", "xia_t2_mosei"),
    "modules": ("xia_t3",),
    "unimodal": ("xia_t4",),
    "cross-modal": ("xia_t5",),
}
"""The tables that each study stands for whole; others cite single rows of them."""


@pytest.mark.parametrize("name", TABLES_OF)
def test_study_has_a_row_for_each_printed_one(name: str) -> None:
    study = STUDIES[name]
    assert study.printed_tables == TABLES_OF[name]
    for table_id in TABLES_OF[name]:
        cited = [r for row in study.rows for r in row.published if r.startswith(f"{table_id}/")]
        printed = [f"{table_id}/{row.id}" for row in load_published().table(table_id).rows]
        assert sorted(cited) == sorted(printed)


@pytest.mark.parametrize("name", TABLES_OF)
def test_source_names_the_tables(name: str) -> None:
    study = STUDIES[name]
    assert study.source is not None
    for table_id in TABLES_OF[name]:
        number = load_published().table(table_id).label.split()[1]
        assert number in study.source.label


def test_every_printed_score_stands_in_a_table() -> None:
    shown = {
        reference
        for study in STUDIES.values()
        for corpus in study.printed_corpora
        for row in study.rows
        for column in study.columns_for(corpus)
        if (reference := study.find_printed(row, corpus, column))
    }
    printed = {
        f"{table_id}/{row.id}/{column}"
        for table_id, table in load_published().tables.items()
        if table.unit != "count"
        for row in table.rows
        for column in table.columns
    }
    assert shown == printed
    assert len(printed) == 584


@every_study
def test_columns_of_an_emotion_are_among_those_of_the_corpus(study: Study) -> None:
    emotions = {"iemocap": IEMOCAP_EMOTIONS, "mosei": MOSEI_EMOTIONS}
    for corpus, known in emotions.items():
        named = {column.emotion for column in study.columns_for(corpus) if column.emotion}
        assert named in (set(), set(known))


def printed_configs(table: str) -> dict[str, dict[str, object]]:
    text = (Path(published.__file__).parent / "published.yaml").read_text(encoding="utf-8")
    return {row["id"]: row["config"] for row in yaml.safe_load(text)["tables"][table]["rows"]}


def test_depths_equal_the_printed_ones() -> None:
    printed = printed_configs("le_t6")
    study = STUDIES["layers"]
    for row, config in zip(study.rows, study.configs("iemocap", "paper").values(), strict=True):
        fields = flatten(config)
        assert printed[row.published[0].partition("/")[2]] == {
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
    table, *_ = rows[0].published[0].split("/")
    found = {row.published[0].partition("/")[2]: configs[row.name].model for row in rows}
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


def test_every_system_is_a_row_at_each_scale() -> None:
    for scale in get_args(Scale):
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
        ("other", "small", "2-2-2-2"),
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
