"""The names of the built-in studies, which are known before any study is loaded."""

STUDY_NAMES = (
    *("main", "components", "layers"),  # Le et al.
    *("sota", "modules", "unimodal", "sem", "cross-modal", "bottlenecks", "sem-reading"),  # Xia
    *("systems", "fusions"),
)
COLLECTION_NAMES = ("le2023", "xia2022", "all")
"""Names of several studies that one command runs together."""
