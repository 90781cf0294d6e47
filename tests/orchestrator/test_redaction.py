import pytest

from orchestrator.errors import StorageError, TrackingError
from orchestrator.redaction import without_secrets, without_secrets_of_programs

SECRET = "geheim"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("http://me:geheim@host:5000/path", "http://***@host:5000/path"),
        (
            "at https://geheim@host, twice http://me:geheim@b",
            "at https://***@host, twice http://***@b",
        ),
        ("http://me@corp.com:geheim@host/a", "http://***@host/a"),
        ("postgresql://me:ge/heim@geheim@host/db", "postgresql://***@host/db"),
        (
            "mysql://host/db?ssl_ca=a&password=geheim&x=1",
            "mysql://host/db?ssl_ca=a&password=***&x=1",
        ),
        ("'http://me:geheim@host' failed for a@b", "'http://***@host' failed for a@b"),
    ],
)
def test_credentials_are_hidden_and_the_rest_stays(text: str, shown: str) -> None:
    assert without_secrets(text) == shown
    assert SECRET not in shown


@pytest.mark.parametrize(
    "text",
    [
        "sqlite:////home/a@b/mlflow.db",
        "http://host:5000/path@x?limit=1",
        "s3://bucket/pre@fix",
        "write to a@b:c at once",
    ],
)
def test_what_is_no_credential_stays(text: str) -> None:
    assert without_secrets(text) == text


@pytest.mark.parametrize("error", [StorageError, TrackingError])
def test_errors_about_addresses_hide_credentials(error: type[Exception]) -> None:
    assert str(error("no http://me:geheim@host")) == "no http://***@host"


@pytest.mark.parametrize(
    "text",
    [
        "MLFLOW_TRACKING_PASSWORD=geheim",
        "AWS_SECRET_ACCESS_KEY=geheim next",
        "{'MLFLOW_TRACKING_TOKEN': 'geheim', 'x': 1}",
        '"api_key": "geheim"',
        "Authorization: Bearer geheim-geheim",
        "loading with hf_geheimgeheim",
        "http://me:geheim@host",
    ],
)
def test_secrets_in_what_programs_print_are_hidden(text: str) -> None:
    assert SECRET not in without_secrets_of_programs(text)


@pytest.mark.parametrize(
    "text", ["KeyError: 'x'", "max_tokens=50", "tokens: 12", "ValueError: a token is missing"]
)
def test_what_programs_print_of_other_things_stays(text: str) -> None:
    assert without_secrets_of_programs(text) == text
