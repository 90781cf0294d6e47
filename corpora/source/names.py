"""Names that mean something to the program: of corpora, and the endings of video files."""

SYNTHETIC = "synthetic"
"""The name, and the kind, of the corpus that is made on demand."""

VIDEO_SUFFIXES = (
    *(".mp4", ".m4v", ".mov", ".3gp", ".3g2"),  # MPEG-4 and its kin, also of phones
    *(".mkv", ".webm", ".avi", ".wmv", ".asf", ".flv", ".f4v", ".ogv", ".dv", ".mxf"),
    *(".mpg", ".mpeg", ".m2v", ".vob", ".ts", ".mts", ".m2ts"),  # MPEG-1 and 2, also of cameras
)
"""How the names of video files end, in small letters."""
