"""All figures that can be drawn of a study from its records."""

from reports.figures.bars import draw_bars
from reports.figures.curves import draw_curves
from reports.figures.depth_heatmap import draw_depth_heatmap
from reports.figures.forest import draw_forest
from reports.figures.lines import draw_lines
from reports.figures.spread import draw_spread
from reports.figures.style import Drawing
from reports.figures.waterfall import draw_waterfall
from reports.scores.cells import Outcome
from reports.scores.trials import TrialScores
from search_spaces.study import Study


def draw_figures(study: Study, outcome: Outcome, trial_scores: TrialScores) -> list[Drawing]:
    """Draw every figure that suits a study on one corpus; none before a trial is finished.

    Raises:
        LedgerError: If a trial's predictions are damaged or missing.
    """
    drawings = (
        draw_bars(study, outcome),
        draw_lines(study, outcome),
        draw_depth_heatmap(study, outcome),
        draw_waterfall(study, outcome),
        draw_forest(study, outcome, trial_scores),
        draw_curves(study, outcome),
        draw_spread(study, outcome),
    )
    return [drawing for drawing in drawings if drawing is not None]
