import io
import logging

from orchestrator.tracking.client import HIDES_SECRETS, Client


def test_what_mlflow_logs_hides_credentials(uri: str) -> None:
    Client(uri)
    handlers = logging.getLogger("mlflow").handlers
    assert handlers
    assert all(HIDES_SECRETS in handler.filters for handler in handlers)
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.addFilter(HIDES_SECRETS)
    logger = logging.Logger("mlflow.of.a.test")
    logger.addHandler(handler)
    logger.warning("no answer of %s", "http://me:geheim@host")
    assert stream.getvalue() == "no answer of http://***@host\n"
