"""Models over HTTP: weights in three formats, and predictions in the target's units."""

import io
import json
import tracemalloc
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from safetensors.numpy import load

from engine.numerics.version import NUMERICS
from service.context import Context
from service.models import models
from store.blobs.tensors import pack_arrays
from store.models import NewModel, import_model
from tests.service.conftest import Train, problem

NUMBERS = "x,z,y\n" + "\n".join(f"{n % 10},{n % 3},{2 * (n % 10) + 5}" for n in range(80))


def test_weights_are_the_same_numbers_in_every_format(client: TestClient, train: Train) -> None:
    link = train()["links"]["weights"]
    tensors = load(client.get(link).content)
    npz = np.load(io.BytesIO(client.get(f"{link}?format=npz").content))
    listed = client.get(link, headers={"Accept": "application/json"}).json()
    refused = client.get(link, headers={"Accept": "application/json;q=0, application/*"})
    assert refused.headers["content-type"] == "application/vnd.safetensors"
    assert set(tensors) == {
        "layers.0.weight",
        "layers.0.bias",
        "output.weight",
        "output.bias",
    }
    for name, array in tensors.items():
        np.testing.assert_array_equal(npz[name], array)
        np.testing.assert_array_equal(np.array(listed[name]["values"], array.dtype), array)
        assert tuple(listed[name]["shape"]) == array.shape


def test_model_shows_the_numerics_that_trained_it(client: TestClient, train: Train) -> None:
    assert client.get(train()["links"]["model"]).json()["numerics"] == NUMERICS


def test_weights_as_json_take_little_more_memory_than_their_arrays(
    client: TestClient,
) -> None:
    array = np.linspace(0, 1, 2**18, dtype=np.float32).reshape(4, -1)
    context: Context = client.app.state.context  # type: ignore[attr-defined]
    new = NewModel({}, {}, array.size, pack_arrays({"w": array}))
    with context.database.writing() as session:
        model_id = import_model(session, new, {}, "large")
    models.weights(context, model_id, "json")
    tracemalloc.start()
    found = models.weights(context, model_id, "json")
    text = sum(len(piece) for piece in found.data) if not isinstance(found.data, bytes) else 0
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert text > 10 * array.size
    # Besides a copy in the session's chunks, pieces only.
    assert peak < 3 * array.nbytes


def test_weights_as_json_are_sent_as_a_download_of_one_document(
    client: TestClient, train: Train
) -> None:
    link = train()["links"]["weights"]
    plain, listed = client.get(link), client.get(f"{link}?format=json")
    expected = {
        name: {"shape": list(array.shape), "values": array.tolist()}
        for name, array in sorted(load(plain.content).items())
    }
    assert listed.json() == expected
    assert listed.headers["content-type"] == "application/json"
    assert listed.headers["etag"] == plain.headers["etag"]
    assert listed.headers["content-disposition"].endswith('.json"')


@pytest.mark.parametrize("wanted", ["safetensors", "npz", "json"])
def test_weights_are_the_same_bytes_at_any_time(
    client: TestClient, train: Train, wanted: str
) -> None:
    link = f"{train()['links']['weights']}?format={wanted}"
    first, second = client.get(link), client.get(link)
    assert first.content == second.content
    assert first.headers["etag"] == second.headers["etag"]


def test_weights_of_the_job_are_those_of_its_model(client: TestClient, train: Train) -> None:
    job = train()
    by_job = client.get(f"{job['links']['self']}/weights")
    assert by_job.content == client.get(job["links"]["weights"]).content


def test_unknown_format_is_422(client: TestClient, train: Train) -> None:
    answer = client.get(f"{train()['links']['weights']}?format=pickle")
    assert problem(answer, 422)["errors"][0] == {
        "location": "query",
        "pointer": "/format",
        "code": "literal_error",
        "detail": "must be 'safetensors', 'npz' or 'json'",
    }


def test_classes_come_with_probabilities(client: TestClient, train: Train) -> None:
    job = train(epochs=40, optimizer={"type": "adam", "learning_rate": 0.01})
    rows = {"rows": [{"width": 0.5, "colour": "red"}, {"width": 15.5, "colour": "red"}]}
    answer = client.post(job["links"]["predict"], json=rows).json()
    assert answer["classes"] == ["a", "b"]
    assert [row["label"] for row in answer["data"]] == ["a", "b"]
    for row in answer["data"]:
        assert sum(row["probabilities"]) == pytest.approx(1, abs=1e-6)
        assert row["probability"] == max(row["probabilities"])


def test_numbers_come_in_the_targets_own_unit(client: TestClient, train: Train) -> None:
    job = train(
        NUMBERS,
        target="y",
        task="regression",
        epochs=60,
        optimizer={"type": "adam", "learning_rate": 0.01},
    )
    answer = client.post(job["links"]["predict"], json={"rows": [[4, 1]]}).json()
    assert answer["classes"] is None
    assert answer["data"][0]["value"] == pytest.approx(13, abs=1)


def test_missing_values_and_unknown_categories_are_flagged(
    client: TestClient, train: Train
) -> None:
    rows = [{"colour": "green", "width": None}, {"width": 1.0, "colour": "red"}, {}]
    answer = client.post(train()["links"]["predict"], json={"rows": rows}).json()
    flags = [{(f["column"], f["flag"]) for f in row["flags"]} for row in answer["data"]]
    assert flags == [
        {("width", "imputed"), ("colour", "unknown_category")},
        set(),
        {("width", "imputed"), ("colour", "imputed")},
    ]


def test_rows_of_the_dataset_can_be_sent_with_their_target(
    client: TestClient, train: Train
) -> None:
    rows = {"rows": [{"width": 1.0, "colour": "red", "kind": "a"}]}
    assert client.post(train()["links"]["predict"], json=rows).status_code == 200


@pytest.mark.parametrize(
    ("rows", "pointer"),
    [
        ([], "/rows"),
        ([{"widht": 1.0}], "/rows/0/widht"),
        ([[1.0]], "/rows/0"),
        ([[1.0, "red", 3]], "/rows/0"),
        ([{"width": [1], "colour": "red"}], "/rows/0/width"),
        ([{"width": 1}], "/rows"),
        ([[1.0, {"colour": "red"}]], "/rows/0/1"),
        ([1.0, "red"], "/rows"),
    ],
)
def test_bad_rows_are_422_with_a_pointer(
    client: TestClient, train: Train, rows: list[Any], pointer: str
) -> None:
    answer = client.post(train()["links"]["predict"], json={"rows": rows})
    assert pointer in [error["pointer"] for error in problem(answer, 422)["errors"]], answer.text


def test_extreme_number_is_predicted(client: TestClient, train: Train) -> None:
    link = train()["links"]["predict"]
    for number in (1e30, -1e300, 1.7e308, 10**399):
        answer = client.post(link, json={"rows": [[number, "red"]]})
        assert answer.status_code == 200
        json.loads(answer.text, parse_constant=pytest.fail)


def test_whole_number_classes_stay_whole(client: TestClient, train: Train) -> None:
    text = "x,digit\n" + "\n".join(f"{n % 3}.5,{n % 3}" for n in range(90))
    answer = client.post(train(text, target="digit")["links"]["predict"], json={"rows": [[0.5]]})
    assert '"classes":[0,1,2]' in answer.text


def test_models_are_listed_and_shown(client: TestClient, train: Train) -> None:
    job = train()
    model = client.get(job["links"]["model"]).json()
    listed = {**model, "omitted": []}
    assert client.get("/v1/models").json()["data"] == [listed]
    assert client.get(f"/v1/models?job_id={job['id']}").json()["data"] == [listed]
    assert model["lineage"]["dataset_id"] == job["spec"]["dataset_id"]
    assert model["classes"] == ["a", "b"]
    assert model["spec"]["features"] == ["width", "colour"]


@pytest.mark.parametrize("model_id", ["mdl_nope", "nope", "%00"])
def test_unknown_model_is_404(client: TestClient, model_id: str) -> None:
    problem(client.get(f"/v1/models/{model_id}"), 404)
    problem(client.get(f"/v1/models/{model_id}/weights"), 404)
    problem(client.post(f"/v1/models/{model_id}/predict", json={"rows": [[1]]}), 404)
