"""The names of the columns in a prepared corpus; `corpora.store.prepared` gives their types."""

UTTERANCE = "utterance"
GROUP = "group"
SPEAKER = "speaker"
SECONDS = "seconds"
TEXT = "text"
LABELS = "labels"

NUM_FACES = "num_faces"
FOUND = "found"
FACES = "faces"
NUM_CHUNKS = "num_chunks"
MELS = "mels"


def count_column(modality: str) -> str:
    """Name the column that counts the rows of a modality's features."""
    return f"num_{modality}"


def features_column(modality: str) -> str:
    """Name the column that holds the rows of a modality's features."""
    return f"{modality}_features"
