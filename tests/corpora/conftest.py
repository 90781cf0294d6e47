import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from corpora.source.utterance import Source
from tests.corpora.laid_utterances import drawn
from tests.corpora.layouts import Layout


@pytest.fixture(scope="session")
def drawn_source(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Layout], Source]:
    """Lay drawn faces and voices out, once a corpus, and read them."""

    @cache
    def read(layout: Layout) -> Source:
        folder = tmp_path_factory.mktemp(layout.name)
        return layout.read(layout.write(folder, layout.utterances(drawn)))

    return read


@pytest.fixture(scope="session")
def lay_plain(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Layout, Path], Path]:
    """Copy the release of plain utterances, which is encoded once a corpus, to a new folder."""

    @cache
    def write(layout: Layout) -> Path:
        return layout.write(tmp_path_factory.mktemp(layout.name))

    return lambda layout, folder: Path(shutil.copytree(write(layout), folder))
