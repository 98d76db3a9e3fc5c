"""Inference over HTTP: every kind of model answers as `/v1` does, in JSON and binary."""

import gzip
import json
import zlib
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from numpy.typing import NDArray

from store.errors import StoreUnavailableError
from tests.service.inference.conftest import Served
from tests.service.inference.tensors import LENGTH, as_binary, as_json, read_outputs, texts

Inputs = dict[str, NDArray[Any]]
MATRIX = np.array([[1.0, 0.5, 2.0, 7.0], [3.0, 1e6, 0.0, 1.0]])
TWO = {"p1": MATRIX[:, 1], "p2": MATRIX[:, 2]}
ROWS = [
    {"size": 3.5, "weight": 100, "colour": "red", "sold on": "5.03.2021", "note": "lot 5",
     "fast": True},
    {"size": None, "weight": -999, "colour": "green", "sold on": "never", "note": "",
     "fast": False},
]  # fmt: skip
COLUMNS: Inputs = {
    "size": np.array([3.5, np.nan]),
    "weight": np.array([100, -999]),
    "colour": texts("red", "green"),
    "sold on": texts("5.03.2021", "never"),
    "note": texts("lot 5", ""),
    "fast": np.array([True, False]),
}
INPUTS: dict[str, Inputs] = {
    "classes": COLUMNS,
    "scores": {"features": MATRIX},
    "value": TWO,
    "value and std": {"features": MATRIX[:, 1:].copy()},
    "values": {"p2": MATRIX[:, 2:3], "p3": MATRIX[:, 3]},
    "labels": {"size": COLUMNS["size"], "colour": COLUMNS["colour"]},
    "reconstruction": COLUMNS,
    "numbers": {"features": MATRIX},
    "image": {"features": MATRIX.reshape(2, 2, 2)},
}


def rows_of(name: str, inputs: Inputs) -> list[Any]:
    """The rows of tensors as `/v1` takes them."""
    if "features" in inputs:
        return list(inputs["features"].reshape(2, -1).tolist())
    if "note" in inputs:
        return ROWS
    columns = {column: values.ravel().tolist() for column, values in inputs.items()}
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    return [{key: None if value != value else value for key, value in row.items()} for row in rows]


def as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def expected(rows: list[Any], name: str) -> Any:
    """The values of an output according to `/v1`."""
    first = rows[0]
    match name:
        case "label" if "labels" in first:
            return [[as_text(value) for value in row["labels"].values()] for row in rows]
        case "label":
            return [as_text(row["label"]) for row in rows]
        case "prediction" | "std":
            key = "std" if name == "std" else "values" if "values" in first else "value"
            found = [row[key] for row in rows]
            return [list(row.values()) if isinstance(row, dict) else row for row in found]
        case "column_errors":
            return [list(row["columns"].values()) for row in rows]
        case "reconstruction":
            return [list(row["values"].values()) for row in rows]
        case _:
            found = [row[name] for row in rows]
            return [list(row.values()) if isinstance(row, dict) else row for row in found]


OUTPUTS = {
    "classes": ["label", "probabilities"],
    "scores": ["label", "scores"],
    "value": ["prediction"],
    "value and std": ["prediction", "std"],
    "values": ["prediction"],
    "labels": ["label", "probabilities"],
    "reconstruction": ["error", "anomaly_score", "column_errors", "reconstruction"],
    "numbers": ["error", "anomaly_score", "column_errors", "reconstruction"],
    "image": ["label", "probabilities"],
}


@pytest.mark.parametrize("name", OUTPUTS)
def test_every_kind_of_model_answers_as_in_v1(served: Served, name: str) -> None:
    inputs = INPUTS[name]
    rows = served.predict(name, rows_of(name, inputs))
    # JSON has no NaN: null is a missing value.
    as_null = json.loads(as_json(inputs).content.replace(b"NaN", b"null"))
    bodies = [as_binary(inputs), as_binary(inputs, parameters={"binary_data_output": True})]
    path = f"/v2/models/{served.models[name]}/infer"
    responses = [
        served.client.post(path, json=as_null),
        *(served.infer(name, body) for body in bodies),
    ]
    assert [LENGTH in response.headers for response in responses] == [False, False, True]
    for response in responses:
        found = read_outputs(response)
        assert list(found) == OUTPUTS[name]
        for output, values in found.items():
            wanted = np.array(expected(rows, output), values.dtype)
            if values.dtype == object:
                wanted = np.vectorize(lambda v: "" if v is None else as_text(v), "O")(wanted)
                assert values.shape == wanted.shape
                assert [_number(v) for v in values.flat] == [_number(v) for v in wanted.flat]
            else:
                assert np.array_equal(values, wanted, equal_nan=True)


def _number(text: Any) -> Any:
    """A reconstructed number as a number: `/v1` and texts write 1.0 differently."""
    try:
        return float(text)
    except ValueError:
        return text


@pytest.mark.parametrize("name", OUTPUTS)
def test_metadata_describe_what_is_returned(served: Served, name: str) -> None:
    found = served.client.get(f"/v2/models/{served.models[name]}").json()
    assert found["name"] == served.models[name]
    assert found["versions"] == ["1"]
    sizes = {output["name"]: output["shape"] for output in found["outputs"]}
    response = served.infer(name, as_binary(INPUTS[name])).json()
    for output in response["outputs"]:
        described = sizes.pop(output["name"])
        assert described == [-1, *output["shape"][1:]]
        kept = output.get("parameters", {})
        assert kept == {}
    assert sizes == {}
    inputs = {tensor["name"]: tensor for tensor in found["inputs"]}
    assert set(INPUTS[name]) <= set(inputs)


def test_metadata_name_the_datatype_of_each_column(served: Served) -> None:
    inputs = served.client.get(f"/v2/models/{served.models['classes']}").json()["inputs"]
    assert [(tensor["name"], tensor["datatype"], tensor["shape"]) for tensor in inputs] == [
        ("size", "FP64", [-1]),
        ("weight", "FP64", [-1]),
        ("colour", "BYTES", [-1]),
        ("sold on", "BYTES", [-1]),
        ("note", "BYTES", [-1]),
        ("fast", "BOOL", [-1]),
    ]
    inputs = served.client.get(f"/v2/models/{served.models['value']}").json()["inputs"]
    assert (inputs[-1]["name"], inputs[-1]["shape"]) == ("features", [-1, 2])


def test_classes_are_in_the_order_of_the_probabilities(served: Served) -> None:
    outputs = served.client.get(f"/v2/models/{served.models['classes']}").json()["outputs"]
    assert [output["parameters"]["classes"] for output in outputs] == [["no", "yes"]] * 2
    found = read_outputs(served.infer("classes", as_binary(COLUMNS)))
    names = ["no", "yes"]
    assert found["label"].tolist() == [names[i] for i in found["probabilities"].argmax(axis=1)]


def test_unusual_values_are_counted(served: Served) -> None:
    flags = served.infer("classes", as_binary(COLUMNS)).json()["parameters"]
    # size, weight and note are missing, the time is not one.
    assert flags.pop("imputed") == 3
    assert flags.pop("not_understood") == 1
    assert flags.pop("unknown_category") == 1
    usual = {name: values[:1] for name, values in COLUMNS.items()}
    assert "parameters" not in served.infer("classes", as_binary(usual)).json()


def test_requested_outputs_are_returned_in_their_order(served: Served) -> None:
    wanted = [{"name": "std", "parameters": {"binary_data": True}}, {"name": "prediction"}]
    body = as_binary(INPUTS["value and std"], outputs=wanted, id="a–1")
    response = served.infer("value and std", body)
    assert list(read_outputs(response)) == ["std", "prediction"]
    header = json.loads(response.content[: int(response.headers[LENGTH])])
    assert header["id"] == "a–1"
    assert header["model_version"] == "1"
    assert "data" not in header["outputs"][0]
    assert "data" in header["outputs"][1]
    one = as_binary(INPUTS["value and std"], outputs=[{"name": "std"}])
    assert list(read_outputs(served.infer("value and std", one))) == ["std"]


def test_one_output_can_be_json_where_binary_is_the_default(served: Served) -> None:
    wanted = [{"name": "label"}, {"name": "scores", "parameters": {"binary_data": False}}]
    parameters = {"binary_data_output": True}
    body = as_json(INPUTS["scores"], outputs=wanted, parameters=parameters)
    response = served.infer("scores", body)
    header = json.loads(response.content[: int(response.headers[LENGTH])])
    assert ["data" in output for output in header["outputs"]] == [False, True]


@pytest.mark.parametrize("path", ["", "/versions/1"])
def test_versions(served: Served, path: str) -> None:
    here = f"/v2/models/{served.models['value']}"
    assert served.client.get(f"{here}{path}").json()["versions"] == ["1"]
    ready = served.client.get(f"{here}{path}/ready").json()
    assert ready == {"name": served.models["value"], "ready": True}
    body = as_json(TWO)
    response = served.client.post(f"{here}{path}/infer", content=body.content)
    assert response.json()["model_version"] == "1"


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("", {"name": "backpropd", "extensions": ["binary_tensor_data", "model_repository"]}),
        ("/", {"name": "backpropd"}),
        ("/health/live", {"live": True}),
        ("/health/ready", {"ready": True}),
    ],
)
def test_server(served: Served, path: str, found: dict[str, Any]) -> None:
    response = served.client.get(f"/v2{path}")
    assert response.status_code == 200
    assert response.json().items() >= found.items()


@pytest.mark.parametrize("body", ["", "{}", '{"ready": true}', '{"other": null}'])
def test_index_lists_all_models(served: Served, body: str) -> None:
    found = served.client.post("/v2/repository/index", content=body).json()
    assert {model["name"] for model in found} == set(served.models.values())
    assert {(model["version"], model["state"]) for model in found} == {("1", "READY")}


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_bodies_are_compressed_both_ways(served: Served, coding: str) -> None:
    body = as_json({"features": np.tile(MATRIX, (40, 1))})
    compress = gzip.compress if coding == "gzip" else zlib.compress
    plain = served.infer("scores", body)
    response = served.client.post(
        f"/v2/models/{served.models['scores']}/infer",
        content=compress(body.content),
        headers={"Content-Encoding": coding, "Accept-Encoding": coding},
    )
    assert response.headers["Content-Encoding"] == coding
    assert int(response.headers["Content-Length"]) < len(plain.content)
    assert response.content == plain.content
    assert "Content-Encoding" not in plain.headers


@pytest.mark.parametrize(
    "values",
    [np.array([1, 3], code) for code in ("u1", "u2", "u4", "u8", "i1", "i2", "i4", "i8")]
    + [np.array([1, 3], code) for code in ("f2", "f4", "f8")]
    + [texts("1", " 3.0")],
    ids=lambda values: str(values.dtype),
)
def test_a_number_is_read_from_every_datatype(served: Served, values: NDArray[Any]) -> None:
    usual = read_outputs(
        served.infer("value", as_binary({"p1": np.array([1.0, 3.0]), "p2": np.array([1.0, 3.0])}))
    )
    inputs = {"p1": values, "p2": values}
    assert_equal(read_outputs(served.infer("value", as_binary(inputs))), usual)
    if values.dtype != np.float16:
        assert_equal(read_outputs(served.infer("value", as_json(inputs))), usual)
    matrix = {"features": np.stack([values, values], axis=1)}
    assert_equal(read_outputs(served.infer("value", as_binary(matrix))), usual)


def assert_equal(found: dict[str, NDArray[Any]], other: dict[str, NDArray[Any]]) -> None:
    assert found.keys() == other.keys()
    for name, values in found.items():
        assert np.array_equal(values, other[name])


def test_a_model_of_a_later_version_is_not_ready(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.inference.index.SPEC_VERSION", 0)
    found = served.client.post("/v2/repository/index", content=b'{"ready": false}').json()
    assert {model["state"] for model in found} == {"UNAVAILABLE"}
    assert all("later version" in model["reason"] for model in found)
    ready = served.client.post("/v2/repository/index", content=b'{"ready": true}')
    assert ready.json() == []


def test_an_unreachable_database_is_not_ready(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:

    def fail(_: Any) -> None:
        raise StoreUnavailableError("db.example:5432 does not answer")

    monkeypatch.setattr("service.inference.models.check_schema", fail)
    response = client.get("/v2/health/ready")
    assert response.status_code == 503
    assert response.headers["content-type"] == "application/json"
    assert response.json() == {"error": "database: database_unavailable"}
