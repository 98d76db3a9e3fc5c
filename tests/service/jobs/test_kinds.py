"""Every kind in the specs can be requested, trained, exported and imported over HTTP."""

import json
from typing import Any, get_args

import pytest
from fastapi.testclient import TestClient

from engine.specs import (
    LayerSpec,
    LossSpec,
    OptimizerName,
    ScheduleName,
)
from tests.service.conftest import Train, problem

PIXELS = "\n".join(
    [",".join([*(f"p{i}" for i in range(16)), "kind"])]
    + [",".join([*(str((n * i) % 7) for i in range(16)), "abc"[n % 3]]) for n in range(60)]
)
MIXED = "\n".join(
    ["width,colour,size"]
    + [f"{n % 7}.5,{('red', 'blue', 'green')[n % 3]},{n % 5 + (n % 3) * 2}" for n in range(60)]
)
IMAGE = {"type": "reshape", "shape": [4, 4, 1]}
DENSE = {"type": "dense", "units": 4}
LAYERS: dict[str, list[dict[str, Any]]] = {
    "dense": [{**DENSE, "activation": {"type": "leaky_relu", "negative_slope": 0.2}}],
    "conv2d": [IMAGE, {"type": "conv2d", "filters": 3, "max_norm": 2.0}, {"type": "flatten"}],
    "dropout": [DENSE, {"type": "dropout", "rate": 0.2}],
    "batch_normalization": [DENSE, {"type": "batch_normalization"}],
    "layer_normalization": [DENSE, {"type": "layer_normalization"}],
    "activation": [{"type": "activation", "activation": "gelu"}],
    "max_pooling2d": [IMAGE, {"type": "max_pooling2d"}, {"type": "flatten"}],
    "average_pooling2d": [IMAGE, {"type": "average_pooling2d"}, {"type": "flatten"}],
    "flatten": [IMAGE, {"type": "flatten"}],
    "reshape": [IMAGE, {"type": "reshape", "shape": [16]}],
    "residual": [{"type": "residual", "layers": [{"type": "dense", "units": 16, "l2": 0.01}]}],
}
LOSSES: dict[str, str] = {
    "cross_entropy": "colour",
    "binary_cross_entropy": "colour",
    "hinge": "colour",
}


def export_and_import(client: TestClient, model: dict[str, Any]) -> dict[str, Any]:
    """Import the model again from its description and weights."""
    weights = client.get(model["links"]["weights"]).content
    described = {
        "network": model["spec"]["network"],
        "preprocessing": model["preprocessing"],
        "dtype": model["spec"]["dtype"],
        "loss": model["spec"]["loss"],
    }
    files = {"weights": ("weights.safetensors", weights)}
    answer = client.post("/v1/models", data={"model": json.dumps(described)}, files=files)
    assert answer.status_code == 201, answer.text
    again: dict[str, Any] = answer.json()
    assert client.get(again["links"]["weights"]).content == weights
    return again


def check(client: TestClient, job: dict[str, Any], row: list[Any]) -> None:
    """Check that the job succeeded and that its re-imported model predicts the same."""
    assert job["status"] == "succeeded", job["error"]
    model = client.get(job["links"]["model"]).json()
    again = export_and_import(client, model)
    one, other = (
        client.post(m["links"]["predict"], json={"rows": [row]}).json() for m in (model, again)
    )
    assert one["data"] == other["data"]


@pytest.mark.parametrize("kind", LAYERS)
def test_every_layer_is_trained_and_comes_back(client: TestClient, train: Train, kind: str) -> None:
    job = train(PIXELS, target="kind", network={"layers": LAYERS[kind]}, metrics="all")
    check(client, job, [1.0] * 16)
    (epoch, _) = client.get(job["links"]["losses"]).json()["data"]
    assert "confusion_matrix" in epoch["metrics"]
    assert [layer["name"] for layer in epoch["layers"]][-1] == "output"


def test_embeddings_are_trained_and_come_back(client: TestClient, train: Train) -> None:
    layers = [{"type": "embedding", "dimension": 2}, DENSE]
    job = train(MIXED, target="size", task="regression", network={"layers": layers})
    check(client, job, [1.5, "red"])
    model = client.get(job["links"]["model"]).json()
    unknown = client.post(model["links"]["predict"], json={"rows": [[1.5, "pink"]]}).json()
    flags = [flag["flag"] for flag in unknown["data"][0]["flags"] if flag["column"] == "colour"]
    # No training row has the code of unknown categories: a trained one takes its place.
    assert flags == ["unknown_category", "untrained"]


def test_every_layer_is_tried() -> None:
    kinds = {model.model_fields["type"].default for model in get_args(get_args(LayerSpec)[0])}
    assert kinds == {*LAYERS, "embedding"}


@pytest.mark.parametrize(
    "loss", [model.model_fields["type"].default for model in get_args(get_args(LossSpec)[0])]
)
def test_every_loss_is_trained(client: TestClient, train: Train, loss: str) -> None:
    target = LOSSES.get(loss, "size")
    task = "classification" if loss in LOSSES else "regression"
    job = train(MIXED, target=target, task=task, loss=loss)
    check(client, job, [1.5, "red" if task == "regression" else 3])


@pytest.mark.parametrize("optimizer", get_args(OptimizerName))
def test_every_optimizer_is_trained(client: TestClient, train: Train, optimizer: str) -> None:
    job = train(PIXELS, target="kind", optimizer=optimizer, batch_size="full")
    assert job["status"] == "succeeded", job["error"]


@pytest.mark.parametrize("schedule", get_args(ScheduleName))
def test_every_schedule_is_trained(client: TestClient, train: Train, schedule: str) -> None:
    job = train(PIXELS, target="kind", schedule={"type": schedule, "warmup_epochs": 0.5})
    losses = client.get(job["links"]["losses"]).json()["data"]
    assert all(0 < epoch["learning_rate"] <= 0.001 for epoch in losses)


def test_shape_mismatch_names_both_shapes(client: TestClient, train: Train) -> None:
    dataset = train(PIXELS, target="kind")["spec"]["dataset_id"]
    layers = [{"type": "conv2d", "filters": 2}]
    body = {"dataset_id": dataset, "target": "kind", "network": {"layers": layers}}
    found = problem(client.post("/v1/jobs", json=body), 422)
    assert found["errors"][0]["pointer"] == "/network/layers/0"
    assert "(16,)" in found["detail"]
    assert "(height, width, channels)" in found["detail"]


def test_a_pair_that_learns_slowly_is_a_warning(client: TestClient, train: Train) -> None:
    dataset = train(PIXELS, target="kind")["spec"]["dataset_id"]
    body = {"dataset_id": dataset, "target": "kind", "loss": "mean_squared_error"}
    found = client.post("/v1/jobs/validate", json=body).json()
    assert found["valid"]
    assert [f["level"] for f in found["findings"] if f["pointer"] == "/loss"] == ["warning"]
