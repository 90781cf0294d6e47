"""Names that mean something to the program: of corpora, and the endings of media files."""

from collections.abc import Mapping

from corpora.source.task import TaskKind

SYNTHETIC = "synthetic"
"""The name, and the kind, of the corpus that is made on demand."""

SYNTHETIC_NAMES: Mapping[str, TaskKind] = {
    SYNTHETIC: "multilabel",
    f"{SYNTHETIC}-multiclass": "multiclass",
    f"{SYNTHETIC}-regression": "regression",
}
"""The names of all its forms, each of this kind, and their tasks."""

VIDEO_SUFFIXES = (
    *(".mp4", ".m4v", ".mov", ".3gp", ".3g2"),  # MPEG-4 and its kin, also of phones
    *(".mkv", ".webm", ".avi", ".wmv", ".asf", ".flv", ".f4v", ".ogv", ".dv", ".mxf"),
    *(".mpg", ".mpeg", ".m2v", ".vob", ".ts", ".mts", ".m2ts"),  # MPEG-1 and 2, also of cameras
)
"""How the names of video files end, in small letters."""

SOUND_SUFFIXES = (
    *(".wav", ".flac", ".mp3", ".m4a", ".aac", ".ogg", ".oga", ".opus"),
    *(".wma", ".aif", ".aiff", ".amr", ".ac3", ".mka"),
)
"""How the names of files of sound alone end, in small letters."""


def kind_of(release: str, labels: str, usual_labels: str) -> str:
    """Name the kind of a corpus that is read from a release, with the labels that were chosen.

    With the usual ones it is the release: corpora with other labels are compared with no table of
    it.
    """
    return release if labels == usual_labels else f"{release}-{labels}"


def release_of(kind: str) -> str:
    """Name the release of a kind, whichever labels were chosen."""
    return kind.partition("-")[0]
