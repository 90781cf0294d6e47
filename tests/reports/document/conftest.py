import pytest

from reports.document.content import Report
from tests.reports.document.factories import assemble_report, write_everything


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Report:
    """Assemble one report for all tests: drawing its figures takes seconds."""
    storage = tmp_path_factory.mktemp("made")
    write_everything(storage)
    return assemble_report(storage)
