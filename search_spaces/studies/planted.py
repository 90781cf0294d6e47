"""Claims about the synthetic corpus whose truth its generator plants (`docs/synthetic.md`).

They show on every machine whether verdicts can be trusted: each one is known to be true or false.
Truths are those of the generator. Margins are wide enough for five seeds at the tiny scale.
"""

from typing import Literal, NamedTuple

from search_spaces.claim import NO_STATED_GAP, PLANTED, Claim, greater, same

SYNTHETIC = "synthetic"

Truth = Literal["above", "below", "same"]
"""How the first row of a claim stands to each of its rivals."""

RIGHT: dict[Truth, frozenset[str]] = {
    "above": frozenset({"HOLDS"}),
    "below": frozenset({"REVERSED"}),
    "same": frozenset({"EQUIVALENT", "FAILS"}),
}
"""The right verdicts on a claimed gap: without one, it fails, or its rows prove equivalent."""

NO_EFFECT = 0.05
"""Rows between which nothing is planted differ by less: five points."""

REVERSAL = 0.05
"""What the text tells about a face is worth at least as much: five points."""


class Planted(NamedTuple):
    """A claim, and how its row really stands to its rivals."""

    claim: Claim
    truth: Truth

    @property
    def right(self) -> frozenset[str]:
        """The verdicts that are right; FAILS on a claim that rows are the same is none of them."""
        return frozenset({"EQUIVALENT"}) if self.claim.kind == "same" else RIGHT[self.truth]


def _planted(claim: Claim) -> Claim:
    return claim.model_copy(update={"family": PLANTED})


def _above(
    claim_id: str,
    text: str,
    row: str,
    *rivals: str,
    truth: Truth = "above",
    margin: float = NO_STATED_GAP,
) -> Planted:
    claim = greater(claim_id, text, row, *rivals, corpus=SYNTHETIC, metric="f1", margin=margin)
    return Planted(_planted(claim), truth)


def _same(claim_id: str, text: str, row: str, *others: str) -> Planted:
    claim = same(claim_id, text, row, *others, corpus=SYNTHETIC, metric="f1", margin=NO_EFFECT)
    return Planted(_planted(claim), "same")


_FULL = "+ Transformer-based Fusion + Emotion-level Embedding"
_TEXT, _IMAGE, _SOUND = "Text - ALBERT", "Image - VGG19", "Spectrogram - VGG19"

PLANTED_CLAIMS: dict[str, tuple[Planted, ...]] = {
    "components": (
        _above("P01", "fusion beats each modality", _FULL, _TEXT, _IMAGE, _SOUND),
        _above("P02", "early fusion beats faces", "Early Fusion", _IMAGE),
        _above("P03", "faces beat fusion", _IMAGE, _FULL, truth="below"),
        _above("P04", "sound beats early fusion", _SOUND, "Early Fusion", truth="below"),
    ),
    "layers": (
        _same("P05", "four layers everywhere equal two", "4-4-4-4", "2-2-2-2"),
        _same("P06", "two layers of fusion equal one", "1-1-2-2", "1-1-1-1"),
        _above(
            "P07",
            "four layers beat two by 5 points",
            "4-4-4-4",
            "2-2-2-2",
            truth="same",
            margin=NO_EFFECT,
        ),
    ),
    "modules": (
        _same("P08", "MBT changes nothing", "MER-MBT", "MER"),
        _above("P09", "MBT brings 5 points", "MER-MBT", "MER", truth="same", margin=NO_EFFECT),
    ),
    "unimodal": (
        _above(
            "P10",
            "text helps faces by 5 points",
            "FER with SEM (faces, text)",
            "FER (faces)",
            margin=REVERSAL,
        ),
        _above(
            "P11",
            "faces alone beat faces with text",
            "FER (faces)",
            "FER with SEM (faces, text)",
            truth="below",
        ),
    ),
    "sem": (
        _above("P12", "two SEMs help faces", "FER, 2 SEM", "FER, 0 SEM"),
        _above("P13", "no SEM beats three", "FER, 0 SEM", "FER, 3 SEM", truth="below"),
    ),
    "cross-modal": (
        _same("P14", "JointAtt equals MBT", "JointAtt", "MBT"),
        _above(
            "P15",
            "Bi-CrossAtt beats MBT by 5 points",
            "Bi-CrossAtt",
            "MBT",
            truth="same",
            margin=NO_EFFECT,
        ),
    ),
    "bottlenecks": (_same("P16", "1 token equals 16", "1", "16"),),
    "fusions": (_same("P17", "a gated fusion equals early fusion", "gated", "early"),),
    "controls": (
        _above("P18", "all frames beat the first", "faces", "faces, first frame"),
        _above("P19", "one frame beats fusion", "faces, first frame", "full", truth="below"),
        _same("P20", "a placebo changes nothing", "placebo", "full"),
    ),
}
"""What is claimed of each study's rows on the synthetic corpus, in average F1 on test."""


def planted_claims(study: str) -> tuple[Claim, ...]:
    """Return the claims about the synthetic corpus that a built-in study states."""
    return tuple(planted.claim for planted in PLANTED_CLAIMS[study])
