import pytest

from orchestrator.addresses.pages import RunPlace, run_page, view_page, web_address


@pytest.mark.parametrize(
    ("tracking_uri", "address"),
    [
        ("sqlite:////storage/mlflow.db", "http://127.0.0.1:5000"),
        ("postgresql://me:secret@host/mlflow", "http://127.0.0.1:5000"),
        ("http://127.0.0.1:5001/", "http://127.0.0.1:5001"),
        ("https://me:secret@host:8443/mlflow/", "https://host:8443/mlflow"),
    ],
)
def test_address_of_pages_holds_no_credentials(tracking_uri: str, address: str) -> None:
    assert web_address(tracking_uri) == address


def test_pages_lead_past_what_is_for_language_models() -> None:
    assert run_page(RunPlace("1", "ab")) == (
        "#/experiments/1/runs/ab?workflowType=machine_learning"
    )
    assert run_page(RunPlace("1", "ab", "results.html")) == (
        "#/experiments/1/runs/ab/artifacts/results.html?workflowType=machine_learning"
    )


def test_name_of_a_view_is_quoted() -> None:
    assert view_page("1", "a/b&c", charts=True) == (
        "#/experiments/1/runs?viewStateShareKey=a%2Fb%26c&compareRunsMode=CHART"
        "&workflowType=machine_learning"
    )
