"""`POST /v1/jobs/validate?checks=true`: checks of a training before its first step."""

from typing import Any

import pytest
from fastapi.testclient import TestClient

from service.http.compute_errors import ComputeTimeoutError
from service.jobs import health_checks
from service.runtime.compute_pool import ComputePool
from tests.service.conftest import Train, Upload, problem

NAMES = ["initial_loss", "overfit_one_batch", "learning_rate_range"]


def check(client: TestClient, dataset: dict[str, Any], **body: Any) -> Any:
    spec = {"dataset_id": dataset["id"], "target": "kind", **body}
    return client.post("/v1/jobs/validate?checks=true", json=spec)


def verdicts(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.text
    checks = answer.json()["checks"]
    assert [one["name"] for one in checks] == NAMES
    assert all(one["detail"] for one in checks)
    return [one["verdict"] for one in checks]


@pytest.mark.rare
def test_checks_run_in_a_child_process(client: TestClient, upload: Upload) -> None:
    answer = check(client, upload())
    assert verdicts(answer)[0] == "passed"
    initial, batch, rates = answer.json()["checks"]
    assert (initial["expectation"], round(initial["expected"], 4)) == ("ln 2", 0.6931)
    assert batch["rows"] == 32
    assert len(rates["losses"]) == len(rates["rates"]) == 100
    assert answer.json()["valid"]


def test_checks_are_null_without_the_parameter(client: TestClient, upload: Upload) -> None:
    body = {"dataset_id": upload()["id"], "target": "kind"}
    for query in ("", "?checks=false"):
        assert client.post(f"/v1/jobs/validate{query}", json=body).json()["checks"] is None
    assert problem(client.post("/v1/jobs/validate?checks=perhaps", json=body), 422)


@pytest.mark.usefixtures("here")
def test_an_invalid_request_is_not_checked(client: TestClient, upload: Upload) -> None:
    found = check(client, upload(), loss="poisson").json()
    assert (found["valid"], found["checks"]) == (False, None)
    problem(check(client, {"id": "ds_none"}), 404)


@pytest.mark.usefixtures("here")
def test_nothing_is_stored(client: TestClient, upload: Upload) -> None:
    check(client, upload())
    for noun in ("jobs", "models"):
        assert client.get(f"/v1/{noun}").json()["data"] == []


@pytest.mark.usefixtures("here")
def test_folds_are_checked_on_the_final_network(client: TestClient, upload: Upload) -> None:
    answer = check(client, upload(), validation={"folds": 3})
    assert verdicts(answer)[0] == "passed"
    assert answer.json()["checks"][0]["rows"] == 60


@pytest.mark.usefixtures("here")
def test_a_start_from_a_model_is_checked_with_its_weights(client: TestClient, train: Train) -> None:
    job = train(epochs=1)
    answer = check(client, {"id": job["spec"]["dataset_id"]}, start_from={"job_id": job["id"]})
    assert verdicts(answer)[0] == "not_applicable"
    assert "trained weights" in answer.json()["checks"][0]["detail"]


@pytest.mark.usefixtures("here")
def test_data_that_cannot_be_trained_on_fail_the_checks(client: TestClient, upload: Upload) -> None:
    # Only the rows show that no validation row has a weight.
    rows = [f"{n},{int(n < 5)},{n % 9},{'ab'[n % 2]}" for n in range(30)]
    dataset = upload("\n".join(["day,weight,width,kind", *rows]))
    validation = {"fraction": 0.2, "order_by": "day"}
    answer = check(client, dataset, sample_weight="weight", validation=validation)
    assert verdicts(answer) == ["failed"] * 3
    assert "the training cannot begin" in answer.json()["checks"][0]["detail"]


def test_a_computation_that_takes_too_long_is_no_error(
    client: TestClient, upload: Upload, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def run(*_: Any, seconds: float) -> Any:
        raise ComputeTimeoutError(seconds)

    monkeypatch.setattr(ComputePool, "run", run)
    answer = check(client, upload())
    assert verdicts(answer) == ["not_applicable"] * 3
    assert "longer than 10 s" in answer.json()["checks"][0]["detail"]


@pytest.mark.usefixtures("here")
def test_checks_without_time_say_so(
    client: TestClient, upload: Upload, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health_checks, "_STOP_SECONDS", 0.0)
    answer = check(client, upload())
    assert verdicts(answer) == ["passed", "not_applicable", "not_applicable"]
    assert "lack of time" in answer.json()["checks"][1]["detail"]
