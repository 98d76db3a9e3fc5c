"""Jobs over HTTP: validation, defaults, results, errors."""

from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.service.conftest import Train, Upload, problem

BAD_SPECS: list[tuple[dict[str, Any], str]] = [
    ({"tarjet": "kind"}, "/tarjet"),
    ({"epochs": "10"}, "/epochs"),
    ({"epochs": 0}, "/epochs"),
    ({"epochs": True}, "/epochs"),
    ({"target": "nope"}, "/target"),
    ({"target": []}, "/target"),
    ({"target": "ki\u0000nd"}, "/target"),
    ({"features": ["width", "nope"]}, "/features/1"),
    ({"features": []}, "/features"),
    ({"network": {"layers": [{"type": "dense", "units": 10**9}]}}, "/network/layers/0/units"),
    (
        {"network": {"layers": [{"type": "dense", "units": 4, "kernel": 3}]}},
        "/network/layers/0/kernel",
    ),
    ({"network": {"layers": [{"type": "dense"}]}}, "/network/layers/0/units"),
    ({"network": {"layers": [{"type": "conv2d"}]}}, "/network/layers/0/filters"),
    ({"network": {"layers": [{"type": "deconv"}]}}, "/network/layers/0"),
    ({"network": {"layers": [{"type": "conv2d", "filters": 4}]}}, "/network/layers/0"),
    (
        {"network": {"layers": [{"type": "reshape", "shape": [5, 5, 1]}]}},
        "/network/layers/0",
    ),
    ({"network": {"layers": [{"type": "dense", "units": 65536}] * 3}}, "/network"),
    ({"network": {"output": {"activation": "tanh"}}}, "/network/output/activation"),
    ({"optimizer": {"type": "adam", "learning_rate": -1}}, "/optimizer/learning_rate"),
    ({"network": {"output": {"units": 7}}}, "/network/output/units"),
    ({"optimizer": {"type": "magic"}}, "/optimizer"),
    ({"loss": "magic"}, "/loss"),
    ({"batch_size": 0}, "/batch_size"),
    ({"batch_size": "half"}, "/batch_size"),
    ({"validation": {"fraction": 1.5}}, "/validation/fraction"),
    ({"metadata": {"team": 7}}, "/metadata/team"),
    ({"name": "x" * 300}, "/name"),
    ({"seed": -1}, "/seed"),
]


def body(upload: Upload, **spec: Any) -> dict[str, Any]:
    return {"dataset_id": upload()["id"], "target": "kind", "epochs": 2, **spec}


@pytest.mark.parametrize(("spec", "pointer"), BAD_SPECS)
def test_bad_spec_is_422_with_a_pointer_and_stores_nothing(
    client: TestClient, upload: Upload, spec: dict[str, Any], pointer: str
) -> None:
    answer = client.post("/v1/jobs", json=body(upload, **spec))
    assert pointer in [error["pointer"] for error in problem(answer, 422)["errors"]], answer.text
    assert client.get("/v1/jobs").json()["data"] == []


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_number_that_is_not_finite_is_422(client: TestClient, upload: Upload, number: str) -> None:
    text = (
        f'{{"dataset_id": "{upload()["id"]}", "target": "kind", '
        f'"optimizer": {{"type": "sgd", "learning_rate": {number}}}}}'
    )
    answer = client.post("/v1/jobs", content=text, headers={"Content-Type": "application/json"})
    assert problem(answer, 422)["errors"][0]["pointer"] == "/optimizer/learning_rate"


@pytest.mark.parametrize(
    "text",
    ["{", "", "[" * 40_000, '{"a": 1, "a": 2}', '{"epochs": ' + "9" * 5000 + "}", b"\xff\xfe"],
)
def test_body_that_is_not_json_is_422(client: TestClient, text: str) -> None:
    answer = client.post("/v1/jobs", content=text, headers={"Content-Type": "application/json"})
    problem(answer, 422)


def test_json_without_its_media_type_is_415(client: TestClient) -> None:
    answer = client.post("/v1/jobs", content="{}", headers={"Content-Type": "text/plain"})
    assert "application/json" in problem(answer, 415)["detail"]


@pytest.mark.parametrize(
    ("layer", "detail"),
    [
        ({"units": 8}, "the field 'type' is required"),
        ({"type": "deconv"}, "must be one of 'dense', 'conv2d'"),
    ],
)
def test_missing_or_unknown_type_is_explained(
    client: TestClient, upload: Upload, layer: dict[str, Any], detail: str
) -> None:
    request = body(upload) | {"network": {"layers": [layer]}}
    found = problem(client.post("/v1/jobs", json=request), 422)
    assert found["errors"][0]["detail"].startswith(detail)


def test_body_over_the_limit_is_413(client: TestClient) -> None:
    answer = client.post("/v1/jobs", json={"name": "x" * 60_000})
    assert problem(answer, 413)["code"] == "body_too_large"


def test_one_class_only_is_422(client: TestClient, upload: Upload) -> None:
    dataset = upload("x,kind\n1,a\n2,a\n3,a\n")
    answer = client.post("/v1/jobs", json={"dataset_id": dataset["id"], "target": "kind"})
    error = problem(answer, 422)["errors"][0]
    assert (error["pointer"], error["code"]) == ("/target", "one_class")


def test_job_on_an_unknown_dataset_is_404(client: TestClient) -> None:
    problem(client.post("/v1/jobs", json={"dataset_id": "ds_nope", "target": "kind"}), 404)


def test_posted_job_shows_every_default(client: TestClient, upload: Upload) -> None:
    answer = client.post("/v1/jobs", json=body(upload, name="first", metadata={"team": "a"}))
    job = answer.json()
    assert answer.status_code == 202
    assert answer.headers["location"] == f"/v1/jobs/{job['id']}"
    assert (job["status"], job["is_terminal"], job["name"]) == ("queued", False, "first")
    assert job["spec"]["task"] == "classification"
    assert job["spec"]["features"] == ["width", "colour"]
    assert job["spec"]["network"]["output"]["activation"] == "sigmoid"
    assert job["spec"]["loss"] == {"type": "binary_cross_entropy"}
    assert client.get(answer.headers["location"]).json() == job


def test_resolved_spec_can_be_posted_again(client: TestClient, upload: Upload) -> None:
    spec = client.post("/v1/jobs", json=body(upload)).json()["spec"]
    again = client.post("/v1/jobs", json=spec)
    assert again.status_code == 202, again.text


def test_validate_returns_the_resolution_and_stores_nothing(
    client: TestClient, upload: Upload
) -> None:
    good = client.post("/v1/jobs/validate", json=body(upload)).json()
    assert (good["valid"], good["in_features"], good["out_features"]) == (True, 3, 1)
    assert good["parameter_count"] == 3 * 64 + 64 + 64 + 1
    assert good["layers"] == [
        {
            "name": "layers.0",
            "type": "dense",
            "in_shape": [3],
            "out_shape": [64],
            "parameter_count": 3 * 64 + 64,
        },
        {
            "name": "output",
            "type": "dense",
            "in_shape": [64],
            "out_shape": [1],
            "parameter_count": 64 + 1,
        },
    ]
    assert good["steps"] == good["spec"]["epochs"] * -(-good["rows"]["training"] // 32)
    bad = client.post("/v1/jobs/validate", json=body(upload, target="nope")).json()
    assert (bad["valid"], bad["findings"][0]["level"]) == (False, "error")
    assert bad["findings"][0]["pointer"] == "/target"
    assert (bad["layers"], bad["steps"]) == (None, None)
    assert client.get("/v1/jobs").json()["data"] == []


def test_trained_job_has_losses_metrics_and_a_model(client: TestClient, train: Train) -> None:
    job = train(epochs=3)
    assert (job["status"], job["status_reason"]) == ("succeeded", "completed")
    assert job["progress"]["epoch"] == 3
    assert job["progress"]["fraction"] == 1.0
    assert [t["status"] for t in job["transitions"]] == ["queued", "running", "succeeded"]
    losses = client.get(job["links"]["losses"]).json()
    assert [loss["epoch"] for loss in losses["data"]] == [0, 1, 2]
    assert job["metrics"]["latest"]["loss"] == losses["data"][-1]["loss"]
    assert client.get(job["links"]["model"]).json()["lineage"]["job_id"] == job["id"]


def test_losses_as_csv_and_in_pages(client: TestClient, train: Train) -> None:
    losses = train(epochs=3)["links"]["losses"]
    lines = client.get(losses, headers={"Accept": "text/csv"}).text.splitlines()
    assert lines[0].startswith("epoch,loss,validation_loss,")
    assert len(lines) == 4
    first = client.get(f"{losses}?limit=2").json()
    rest = client.get(f"{losses}?limit=2&after={first['next']}").json()
    assert [loss["epoch"] for loss in first["data"] + rest["data"]] == [0, 1, 2]
    assert not rest["has_more"]


def test_diverged_job_says_where(client: TestClient, train: Train) -> None:
    job = train(
        "x,y\n" + "\n".join(f"{n},{n * n}" for n in range(50)),
        target="y",
        task="regression",
        network={"layers": []},
        optimizer={"type": "sgd", "learning_rate": 1000.0},
        epochs=50,
        validation=None,
    )
    assert (job["status"], job["status_reason"]) == ("failed", "diverged")
    assert job["error"]["code"] == "diverged"
    data = job["error"]["data"]
    assert data["layer"] == "output"
    assert (data["learning_rate"], data["suggested_learning_rate"]) == (1000.0, 0.1)
    assert data["last_loss"] > 0
    assert {"epoch", "step"} < set(data)
    assert job["model_id"] is None


def test_weights_of_a_job_that_is_not_finished_are_409(client: TestClient, upload: Upload) -> None:
    job = client.post("/v1/jobs", json=body(upload)).json()
    found = problem(client.get(f"/v1/jobs/{job['id']}/weights"), 409)
    assert found["code"] == "no_weights"
    assert "queued" in found["detail"]


def test_cancelled_job_cannot_be_cancelled_again(client: TestClient, upload: Upload) -> None:
    job = client.post("/v1/jobs", json=body(upload)).json()
    cancelled = client.post(job["links"]["cancel"])
    assert (cancelled.status_code, cancelled.json()["status"]) == (202, "cancelled")
    again = problem(client.post(job["links"]["cancel"]), 409)
    assert again["code"] == "illegal_transition"


def test_jobs_are_filtered(client: TestClient, upload: Upload) -> None:
    wanted = client.post("/v1/jobs", json=body(upload, name="a", metadata={"team": "red"})).json()
    client.post("/v1/jobs", json=body(upload, name="b"))
    for query in ("name=a", "metadata=team:red", f"dataset_id={wanted['spec']['dataset_id']}"):
        found = client.get(f"/v1/jobs?{query}").json()["data"]
        assert [job["id"] for job in found] == [wanted["id"]], query
    assert len(client.get("/v1/jobs?status=queued").json()["data"]) == 2
    client.post(wanted["links"]["cancel"])
    for query, count in (("status=queued", 1), ("status=queued&status=cancelled", 2)):
        assert len(client.get(f"/v1/jobs?{query}").json()["data"]) == count, query
    problem(client.get("/v1/jobs?status=nope"), 422)
    problem(client.get("/v1/jobs?limit=0"), 422)
    problem(client.get("/v1/jobs?metadata=nocolon"), 422)


@pytest.mark.parametrize("job_id", ["job_nope", "nope", "%00"])
def test_unknown_job_is_404(client: TestClient, job_id: str) -> None:
    problem(client.get(f"/v1/jobs/{job_id}"), 404)
    problem(client.get(f"/v1/jobs/{job_id}/losses"), 404)
    problem(client.get(f"/v1/jobs/{job_id}/weights"), 404)
    problem(client.post(f"/v1/jobs/{job_id}/cancel"), 404)
