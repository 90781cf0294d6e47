"""Writes pages and pictures of predictions."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from orchestrator.kept_models.clips.evidence import gather
from orchestrator.kept_models.clips.predictor import Predictor
from orchestrator.kept_models.clips.spoken import SpokenClip
from reports.ledger.files import write_atomically
from reports.prediction.page import to_page
from reports.prediction.picture import draw_picture
from reports.prediction.prediction import Prediction
from search_spaces.study import RowRef


@dataclass(frozen=True)
class Views:
    """The page and the picture of one clip, or the folders of those of several; None: none."""

    page: Path | None = None
    picture: Path | None = None

    def of(self, clip: SpokenClip) -> "Views":
        """Name the files of one clip of several."""
        name = clip.path.name
        return Views(
            self.page and self.page / f"{name}.html", self.picture and self.picture / f"{name}.png"
        )


def predict_and_show(
    predictor: Predictor, clip: SpokenClip, rows: Sequence[RowRef], views: Views
) -> Prediction:
    """Predict a clip, and write its page and its picture.

    Raises:
        CorpusError: If the file cannot be used.
    """
    if views.page is None and views.picture is None:
        return predictor.predict(clip)
    watched = predictor.watch(clip)
    content = gather(predictor, watched, rows, explains=views.page is not None)
    if views.page is not None:
        write_atomically(views.page, to_page(content).encode())
    if views.picture is not None:
        write_atomically(views.picture, draw_picture(content))
    return watched.prediction
