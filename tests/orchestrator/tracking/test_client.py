import io
import logging
from pathlib import Path

from mlflow.tracking import MlflowClient

from orchestrator.addresses.address import database_of
from orchestrator.addresses.database import experiment_id
from orchestrator.tracking.client import EXPERIMENT, HIDES_SECRETS, Client


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


def test_id_of_the_experiment_is_read_without_mlflow(storage: Path, uri: str) -> None:
    database = database_of(uri)
    assert database is not None
    assert experiment_id(database, EXPERIMENT) is None
    client = Client(uri)
    client.open_experiment(storage)
    assert experiment_id(database, EXPERIMENT) == client.experiment
    MlflowClient(tracking_uri=uri).delete_experiment(client.experiment)
    assert experiment_id(database, EXPERIMENT) is None


def test_kind_of_the_experiment_is_set_unless_it_has_one(storage: Path, uri: str) -> None:
    mlflow = MlflowClient(tracking_uri=uri)
    experiment = mlflow.create_experiment(EXPERIMENT)  # as an older mirror did
    for kind in ("custom_model_development", "regression"):
        Client(uri).open_experiment(storage)
        tags = mlflow.get_experiment(experiment).tags
        assert tags["mlflow.experimentKind"] == kind
        mlflow.set_experiment_tag(experiment, "mlflow.experimentKind", "regression")
