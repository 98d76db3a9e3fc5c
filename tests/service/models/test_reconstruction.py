"""Jobs of the task reconstruction over HTTP, and the models that they make."""

from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient

from service.predictions import answers
from store.blobs.tensors import pack_arrays, unpack_arrays
from tests.service.conftest import IRIS_LIKE, Train, Upload, problem
from tests.service.models.test_imports import as_import, send

AUTOENCODER: dict[str, Any] = {"target": None, "task": "reconstruction"}
ROW = {"width": 0.5, "colour": "red", "kind": "a"}
SCALES = {"layers.0.weight": np.array([[0.5]]), "output.weight": np.array([[2.0]])}
# x̂ = x + 1, for the only input x = (a − 10) / 2.
SHIFT: dict[str, Any] = {
    "network": {
        "layers": [{"type": "dense", "units": 1, "activation": "linear", "use_bias": False}]
    },
    "preprocessing": {
        "columns": [{"type": "numeric", "name": "a", "center": 10, "scale": 2}],
        "target": {"type": "inputs", "error_quantiles": [0, 1, 4]},
    },
    "dtype": "float64",
}


def predict(client: TestClient, model: dict[str, Any], *rows: Any) -> Any:
    answer = client.post(model["links"]["predict"], json={"rows": list(rows)})
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


def test_rows_are_reconstructed_column_by_column(client: TestClient, train: Train) -> None:
    job = train(**AUTOENCODER)
    assert job["status"] == "succeeded"
    assert job["spec"]["target"] is None
    assert {"rmse", "mae", "r2", "validation_rmse"} < job["metrics"]["latest"].keys()
    usual, unusual = predict(client, job, ROW, {"width": 400.0, "colour": "green"})
    assert usual["columns"].keys() == usual["values"].keys() == ROW.keys()
    assert usual["values"]["colour"] in {"red", "blue"}
    # width is one input, colour and kind are two each.
    weighted = np.dot(list(usual["columns"].values()), [1, 2, 2]) / 5
    assert weighted == pytest.approx(usual["error"])
    assert 0 <= usual["anomaly_score"] < unusual["anomaly_score"] == 1
    assert {flag["flag"] for flag in unusual["flags"]} == {
        "imputed",
        "out_of_range",
        "unknown_category",
    }


def test_exported_autoencoder_answers_the_same(client: TestClient, train: Train) -> None:
    model = client.get(train(**AUTOENCODER)["links"]["model"]).json()
    assert len(model["preprocessing"]["target"]["error_quantiles"]) == 48
    weights = client.get(model["links"]["weights"]).content
    imported = send(client, as_import(model), weights).json()
    assert imported["spec"]["task"] == "reconstruction"
    assert predict(client, imported, ROW) == predict(client, model, ROW)


def test_model_made_by_hand_gives_errors_in_the_scaled_unit(client: TestClient) -> None:
    weights = pack_arrays(SCALES | {"output.bias": np.array([1.0])})
    model = send(client, SHIFT, weights).json()
    (row,) = predict(client, model, {"a": 14})
    assert row == {
        "error": 1.0,
        "anomaly_score": 0.5,
        "columns": {"a": 1.0},
        "values": {"a": 16.0},
        "flags": [],
    }


def test_without_quantiles_there_is_no_score(client: TestClient) -> None:
    described = SHIFT["preprocessing"] | {"target": {"type": "inputs"}}
    weights = pack_arrays(SCALES | {"output.bias": np.array([1.0])})
    model = send(client, SHIFT | {"preprocessing": described}, weights).json()
    assert predict(client, model, {"a": 14})[0]["anomaly_score"] is None


@pytest.mark.parametrize(
    ("quantiles", "pointer"),
    [
        ([1, 0.5], "/preprocessing/target/error_quantiles/1"),
        ([1], "/preprocessing/target/error_quantiles"),
        ([-1, 1], "/preprocessing/target/error_quantiles/0"),
        ([0.0] * 1002, "/preprocessing/target/error_quantiles"),
    ],
)
def test_quantiles_are_checked(client: TestClient, quantiles: list[float], pointer: str) -> None:
    target = {"type": "inputs", "error_quantiles": quantiles}
    described = SHIFT | {"preprocessing": SHIFT["preprocessing"] | {"target": target}}
    errors = problem(send(client, described, pack_arrays(SCALES)), 422)["errors"]
    assert errors[0]["pointer"] == pointer


def test_large_answers_are_refused(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "MAX_VALUES", 2)
    model = send(client, SHIFT, pack_arrays(SCALES | {"output.bias": np.array([1.0])})).json()
    assert len(predict(client, model, [1], [2])) == 2
    answer = client.post(model["links"]["predict"], json={"rows": [[1], [2], [3]]})
    (error,) = problem(answer, 422)["errors"]
    assert (error["pointer"], error["code"]) == ("/rows", "too_many_values")


def test_category_without_training_rows_has_no_output(client: TestClient, train: Train) -> None:
    """The network is as wide as the fitted inputs; continuing and importing the model keep it."""
    colours = ["rare" if n == 59 else "red" if n % 3 else "blue" for n in range(60)]
    table = "\n".join(["width,colour", *(f"{n},{colour}" for n, colour in enumerate(colours))])
    split = {"validation": {"fraction": 0.2, "order_by": "width"}}
    job = train(table, **AUTOENCODER, **split)
    assert job["spec"]["network"]["output"]["units"] == 4
    model = client.get(job["links"]["model"]).json()
    arrays = unpack_arrays(client.get(model["links"]["weights"]).content)
    assert arrays["output.weight"].shape[1] == arrays["layers.0.weight"].shape[0] == 3
    again = train(table, **split, target=None, start_from={"model_id": model["id"]})
    assert again["status"] == "succeeded", again
    assert again["spec"]["task"] == "reconstruction"
    weights = client.get(model["links"]["weights"]).content
    assert send(client, as_import(model), weights).status_code == 201
    body = {"dataset_id": again["spec"]["dataset_id"], "start_from": {"model_id": model["id"]}}
    answer = client.post("/v1/jobs", json=body | {"target": "colour"})
    (error,) = problem(answer, 422)["errors"]
    assert (error["pointer"], error["code"]) == ("/target", "other_targets")
    assert "leave target out" in error["detail"]


def test_a_target_is_refused(client: TestClient, upload: Upload) -> None:
    body = {"dataset_id": upload(IRIS_LIKE)["id"], "target": "kind", "task": "reconstruction"}
    errors = problem(client.post("/v1/jobs", json=body), 422)["errors"]
    assert [(e["pointer"], e["code"]) for e in errors] == [("/target", "target_of_reconstruction")]
    found = client.post("/v1/jobs/validate", json=body | {"target": None}).json()
    assert (found["valid"], found["in_features"], found["out_features"]) == (True, 5, 5)
