"""Verdicts for programs: CSV, and JSON with every comparison behind them.

Scores and gaps are fractions. Values that depend on a quantile are rounded, because its last digits
differ between machines.
"""

import csv
import io
import json
from collections.abc import Sequence

import numpy as np
from pydantic import JsonValue

from reports.forms.plain import csv_cell
from reports.forms.verdict_words import asked, count_words, explain, metric_of, show_margin, stated
from reports.scores.cells import Cell
from reports.statistics.effects import REFERENCE
from reports.statistics.gap import Gap
from reports.statistics.sign_flip import MOST_FLIPPED, sign_flip_p, smallest_p
from reports.verdicts.evidence import Compared
from reports.verdicts.here import AskedHere
from reports.verdicts.judgement import LEVEL, Judged

VERDICTS_SCHEMA = 1


def to_csv(judged: Sequence[Judged]) -> str:
    """Write one line for each claim; fields that do not apply to it are empty.

    Two more columns exist only if something was asked of another corpus than a paper's: that corpus
    and the claims that ask. Margins by metrics that are no fractions are in a column of their own.
    """
    text = io.StringIO()
    plain = {one.claim.id for one in judged if (m := metric_of(one)) and m.unit == "plain"}
    fields = (
        *("id", "claim", "kind", "family", "reading", "margin_points"),
        *("verdict", "beyond", "num_seeds", "projected_seeds", "reason"),
        *(("asked_of", "asked_by") if asked(judged) else ()),
        *(("margin_plain",) if plain else ()),
    )
    writer = csv.DictWriter(text, fields, lineterminator="\n")
    writer.writeheader()
    for one in judged:
        line = {
            "id": one.claim.id,
            "claim": one.claim.text,
            "kind": one.claim.kind,
            "family": one.claim.family,
            "reading": one.claim.note,
            "margin_points": "" if one.claim.id in plain else show_margin(one),
            "verdict": one.verdict,
            "beyond": one.beyond,
            "num_seeds": one.num_seeds,
            "projected_seeds": one.projected_seeds,
            "reason": one.reason,
        }
        if one.claim.id in plain:
            line["margin_plain"] = show_margin(one)
        if isinstance(one.claim, AskedHere):
            line |= {"asked_of": one.claim.corpus, "asked_by": " ".join(one.claim.asked_by)}
        writer.writerow({name: csv_cell(value) for name, value in line.items()})
    return text.getvalue()


def to_json(judged: Sequence[Judged]) -> str:
    """Write everything: each claim, its verdicts, and its comparisons with their trials.

    "asked" exists only if something was asked of another corpus than a paper's.
    """
    return json.dumps(to_document(judged), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def to_document(judged: Sequence[Judged]) -> dict[str, object]:
    """Turn verdicts into what their JSON holds."""
    document: dict[str, object] = {
        "schema": VERDICTS_SCHEMA,
        "unit": "fraction",
        "level": LEVEL,
        "counts": count_words(stated(judged)),
        "legend": explain(judged),
        "claims": [_claim(one) for one in stated(judged)],
    }
    if groups := asked(judged):
        document["asked"] = [
            {
                "corpus": group.corpus,
                "counts": count_words(group.judged),
                "questions": [_question(one) for one in group.judged],
            }
            for group in groups
        ]
    return document


def _question(judged: Judged) -> dict[str, JsonValue]:
    claim = judged.claim
    return _claim(judged) | (
        {"asked_by": list(claim.asked_by)} if isinstance(claim, AskedHere) else {}
    )


def _claim(judged: Judged) -> dict[str, JsonValue]:
    claim = judged.claim
    return {
        "id": claim.id,
        "claim": claim.text,
        "kind": claim.kind,
        "family": claim.family,
        "reading": claim.note,
        "scale": claim.scale,
        "margin": claim.margin if claim.parts else None,
        "at_least": claim.at_least or len(claim.parts) or None,
        "parts": [[claim.comparisons.index(one) for one in part] for part in claim.parts],
        "verdict": judged.verdict,
        "beyond": judged.beyond,
        "reason": judged.reason,
        "num_seeds": judged.num_seeds,
        "projected_seeds": judged.projected_seeds,
        "value": claim.value.model_dump(mode="json") if claim.value else None,
        "scores": _scores(judged.cell) if judged.cell else None,
        "comparisons": [_comparison(one, claim.margin) for one in judged.compared],
    }


def _scores(cell: Cell) -> JsonValue:
    return [{"trial": one.key, "seed": one.seed, "score": one.score} for one in cell.scores]


def _comparison(compared: Compared, margin: float) -> JsonValue:
    """Write a comparison; its differences are gains, and include the claim's allowance."""
    comparison = compared.comparison
    about: dict[str, JsonValue] = {
        "row": comparison.row,
        "rival": comparison.rival,
        **comparison.score._asdict(),
        "allowance": comparison.allowance,
        **({} if compared.metric.unit == "percent" else {"unit": compared.metric.unit}),
        **({} if compared.metric.sign > 0 else {"higher_is_better": False}),
    }
    if compared.gap is None:
        return {**about, "problem": compared.problem}
    differences = np.array(compared.differences)
    better = compared.superiority()
    folds = compared.folds or (None,) * len(compared.seeds)
    pairs = zip(compared.seeds, folds, compared.keys, compared.differences, strict=True)
    return {
        **about,
        "differences": [
            {
                "seed": seed,
                **({} if fold is None else {"fold": fold}),
                "trial": row,
                "rival_trial": rival,
                "difference": difference,
            }
            for seed, fold, (row, rival), difference in pairs
        ],
        "gap": _gap(compared.gap, margin),
        "gap_beyond": _gap(compared.gap_beyond, margin) if compared.gap_beyond else None,
        "effect_size_d_z": _round(compared.effect_size),
        "probability_of_superiority": better.share if better else None,
        "probability_of_superiority_interval_95": (
            [_round(better.low), _round(better.high)] if better else None
        ),
        "probability_of_superiority_reference": REFERENCE,
        "pairing_correlation": _round(compared.correlation),
        **(
            {"test_share": compared.test_share}
            if compared.test_share
            else {
                "sign_flip_p": (
                    sign_flip_p(differences) if len(differences) <= MOST_FLIPPED else None
                ),
                "sign_flip_p_floor": smallest_p(len(differences)),
            }
        ),
        "num_collapsed": len(compared.collapsed),
    }


def _gap(gap: Gap, margin: float) -> JsonValue:
    return {
        "mean": gap.mean,
        "std_error": _round(gap.std_error),
        "df": _round(gap.df),
        "t_interval_95": [_round(end) for end in gap.interval()],
        "p_not_above_zero": _round(gap.p_not_above(0.0)),
        "p_not_below_zero": _round(gap.p_not_below(0.0)),
        "p_not_below_margin": _round(gap.p_not_below(margin)),
    }


def _round(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.10g}")
