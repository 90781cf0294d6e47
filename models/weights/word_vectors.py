"""Files of word vectors."""

from collections.abc import Sequence
from pathlib import Path

from corpora.parsing.paths import expand_home
from models.weights.conv_files import cache_folder
from models.weights.errors import WeightsError

GLOVE_URL = "https://nlp.stanford.edu/data/glove.840B.300d.zip"


def find_word_vectors(weights: str) -> Sequence[Path]:
    """Find a file by its path, or by its name in the cache folder of torch hub.

    Raises:
        WeightsError: If it is in neither place. Nothing is downloaded: GloVe's file has 2 GB.
    """
    cache = cache_folder()
    for path in (expand_home(weights), cache / weights):
        if path.is_file():
            return [path]
    advice = (
        f"on a machine with internet access download {GLOVE_URL} and put it into {cache} here, or "
        "set model.text.weights to its path; or choose vectors without meaning explicitly, with "
        "model.text.weights 'random', or with `--scale tiny`"
    )
    reason = f"it is not a file here, nor in {cache}"
    raise WeightsError("model.text.weights", weights, reason, advice)
