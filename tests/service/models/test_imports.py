"""Import of models over HTTP."""

import json
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient

from store.blobs.tensors import pack_arrays, unpack_arrays
from tests.service.conftest import Train, problem

XOR: dict[str, Any] = {
    "name": "xor",
    "network": {"layers": [{"type": "dense", "units": 2, "activation": "sigmoid"}]},
    "preprocessing": {
        "columns": [{"type": "numeric", "name": "a"}, {"type": "numeric", "name": "b"}],
        "target": {"type": "classes", "name": "y", "classes": [0, 1]},
    },
}
# Set by hand: the hidden units are OR and AND; the output is OR and not AND.
WEIGHTS = {
    "layers.0.weight": np.array([[20, 20], [20, 20]], np.float32),
    "layers.0.bias": np.array([-10, -30], np.float32),
    "output.weight": np.array([[20], [-20]], np.float32),
    "output.bias": np.array([-10], np.float32),
}


def send(client: TestClient, model: Any, weights: bytes) -> Any:
    described = model if isinstance(model, str) else json.dumps(model)
    files = {"weights": ("weights.safetensors", weights)}
    return client.post("/v1/models", data={"model": described}, files=files)


def test_model_made_by_hand_is_served(client: TestClient) -> None:
    answer = send(client, XOR, pack_arrays(WEIGHTS))
    model = answer.json()
    assert answer.status_code == 201, answer.text
    assert answer.headers["location"] == model["links"]["self"]
    assert client.get(model["links"]["self"]).json() == model
    assert model["numerics"] is None
    assert model["lineage"] == {"job_id": None, "dataset_id": None, "dataset_sha256": None}
    rows = {"rows": [[0, 0], [0, 1], [1, 0], [1, 1]]}
    found = client.post(model["links"]["predict"], json=rows).json()["data"]
    assert [row["label"] for row in found] == [0, 1, 1, 0]


def as_import(model: Any) -> dict[str, Any]:
    """Return the import request that reproduces a model."""
    return {
        "network": model["spec"]["network"],
        "loss": model["spec"]["loss"],
        "dtype": model["spec"]["dtype"],
        "preprocessing": model["preprocessing"],
    }


def import_again(client: TestClient, job: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Import the exported model of a job; return the model and the imported one."""
    model = client.get(job["links"]["model"]).json()
    weights = client.get(model["links"]["weights"]).content
    answer = send(client, as_import(model), weights)
    assert answer.status_code == 201, answer.text
    again = answer.json()
    assert as_import(again) == as_import(model)
    return model, again


DENSE = {"type": "dense", "units": 4}
NUMBER = {"target": "width", "task": "regression"}
TRAINED: dict[str, dict[str, Any]] = {
    "defaults": {},
    "embedding": {"network": {"layers": [{"type": "embedding"}, DENSE]}},
    "running means": {"network": {"layers": [DENSE, {"type": "batch_normalization"}]}},
    "hinge": {"loss": "hinge"},
    "two sigmoids": {"loss": "cross_entropy", "network": {"output": {"activation": "sigmoid"}}},
    "gaussian": {**NUMBER, "loss": "gaussian", "dtype": "float64"},
    "poisson": {**NUMBER, "loss": "poisson"},
    "ordinal": {"preprocessing": {"categorical": "ordinal", "numeric": "robust"}},
    "pooled and filled": {
        "preprocessing": {"max_levels": 2, "missing": "most_frequent", "missing_indicator": True}
    },
    "pooled codes": {
        "preprocessing": {"max_levels": 2},
        "network": {"layers": [{"type": "embedding"}, DENSE]},
    },
    "hashed and logarithmic": {
        "preprocessing": {
            "numeric": "log1p",
            "columns": {"colour": {"hash_buckets": 5}},
        }
    },
    "levels beside codes": {
        "preprocessing": {"columns": {"size": {"categorical": "one_hot"}}},
        "network": {"layers": [{"type": "embedding"}, DENSE]},
    },
}
# Missing values, dates, and one colour more than max_levels.
GAPPY = "size,colour,day,width,kind\n" + "\n".join(
    f"{'SML'[n % 3]},{('red', 'blue', 'green', '')[n % 4]},2020-0{n % 9 + 1}-1{n % 7},"
    f"{'' if n % 5 == 0 else n % 7},{'ba'[n % 2]}"
    for n in range(60)
)  # fmt: skip


@pytest.mark.parametrize("spec", TRAINED.values(), ids=TRAINED)
def test_import_and_download_are_inverse_byte_for_byte(
    client: TestClient, train: Train, spec: dict[str, Any]
) -> None:
    job = train(GAPPY, **spec)
    assert job["status"] == "succeeded", job
    model, again = import_again(client, job)
    weights = client.get(model["links"]["weights"]).content
    assert client.get(again["links"]["weights"]).content == weights
    assert again["weights_sha256"] == model["weights_sha256"]
    assert set(model["preprocessing"]["incomplete"]) <= {"colour", "width"}
    whole = {"width": 3.5, "colour": "red", "size": "S", "day": "2020-01-02", "kind": "a"}
    rows = {"rows": [whole, {"colour": "pink", "width": 1e9}, {}]}
    answers = [client.post(m["links"]["predict"], json=rows).json() for m in (model, again)]
    assert answers[0]["data"] == answers[1]["data"]


def test_category_of_validation_rows_only_is_accepted(client: TestClient, train: Train) -> None:
    text = "colour,width,kind\n" + "\n".join(f"c{n},{n % 7}.5,{'ab'[n % 2]}" for n in range(50))
    job = train(text, network={"layers": [{"type": "embedding"}]})
    model = client.get(job["links"]["model"]).json()
    (table,) = model["spec"]["network"]["layers"][0]["tables"]
    assert table["codes"] == 51
    assert len(model["preprocessing"]["columns"][0]["levels"]) < 50
    weights = client.get(model["links"]["weights"]).content
    assert send(client, as_import(model), weights).status_code == 201


def inputs(*columns: dict[str, Any]) -> dict[str, Any]:
    return {"preprocessing": {**XOR["preprocessing"], "columns": list(columns)}}


def held(**values: Any) -> dict[str, Any]:
    return {"preprocessing": {**XOR["preprocessing"], "held": values}}


def held_codes(**codes: Any) -> dict[str, Any]:
    """Return a change to a model with one column of three codes, some of which are held."""
    column = {"type": "codes", "name": "a", "levels": ["x", "y"]}
    described = {**XOR["preprocessing"], "columns": [column]}
    codes = {"input": 0, "codes": [0], "substitute": 1} | codes
    return {
        "network": {"layers": [{"type": "embedding"}]},
        "preprocessing": described | {"held": {"codes": [codes]}},
    }


def changed(**arrays: Any) -> bytes:
    weights = {name.replace("__", "."): array for name, array in arrays.items()}
    merged = {**WEIGHTS, **weights}
    return pack_arrays({name: array for name, array in merged.items() if array is not None})


@pytest.mark.parametrize(
    ("weights", "pointer", "code"),
    [
        (changed(output__bias=None), "/weights/output.bias", "missing_weight"),
        (changed(extra=np.ones(1, np.float32)), "/weights/extra", "unknown_weight"),
        (changed(output__bias=np.ones(3, np.float32)), "/weights/output.bias", "wrong_shape"),
        (changed(output__bias=np.ones(1)), "/weights/output.bias", "wrong_dtype"),
        (
            changed(output__bias=np.full(1, np.nan, np.float32)),
            "/weights/output.bias",
            "not_finite",
        ),
        (b"pickle", "/weights", "not_safetensors"),
        (b"", "/weights", "not_safetensors"),
        (b"\xff" * 64, "/weights", "not_safetensors"),
    ],
)
def test_weights_that_do_not_fit_are_named(
    client: TestClient, weights: bytes, pointer: str, code: str
) -> None:
    errors = problem(send(client, XOR, weights), 422)["errors"]
    assert (pointer, code) in [(error["pointer"], error["code"]) for error in errors]
    assert client.get("/v1/models").json()["data"] == []


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"network": {"layers": [{"type": "dense"}]}}, "/network/layers/0/units"),
        ({"nonsense": 1}, "/nonsense"),
        ({"preprocessing": {"columns": []}}, "/preprocessing/columns"),
        ({"dtype": "float16"}, "/dtype"),
        ({"loss": "poisson"}, "/loss"),
        ({"network": {"layers": [{"type": "embedding"}]}}, "/network/layers/0"),
        (inputs({"type": "numeric", "name": "a"}, {"type": "numeric", "name": "a"}),
         "/preprocessing/columns/1"),
        (inputs({"type": "codes", "name": "a", "levels": ["x"]}), "/preprocessing/columns/0/type"),
        (inputs({"type": "levels", "name": "a", "levels": ["x", "x"]}),
         "/preprocessing/columns/0/levels"),
        (inputs({"type": "levels", "name": "a", "levels": []}), "/preprocessing/columns"),
        (inputs({"type": "levels", "name": "a", "levels": ["x"], "fill": "y"}),
         "/preprocessing/columns/0/fill"),
        (inputs({"type": "ordinal", "name": "a", "levels": ["x", "x"]}),
         "/preprocessing/columns/0/levels"),
        (inputs({"type": "time", "name": "a", "parts": []}), "/preprocessing/columns/0/parts"),
        (inputs({"type": "time", "name": "a", "parts": ["year", "year"]}),
         "/preprocessing/columns/0/parts"),
        (inputs({"type": "numeric", "name": "a", "minimum": 2.0, "maximum": 1.0}),
         "/preprocessing/columns/0/maximum"),
        (inputs({"type": "text", "name": "a", "buckets": 1}), "/preprocessing/columns/0/buckets"),
        (inputs({"type": "text", "name": "a", "buckets": 65_536}, {"type": "numeric", "name": "b"}),
         "/preprocessing/columns"),
        ({"network": {"layers": [{"type": "embedding"}]},
          **inputs({"type": "text", "name": "t", "buckets": 65_536},
                   {"type": "codes", "name": "a", "levels": ["x", "y"]})},
         "/preprocessing/columns"),
        ({"preprocessing": {**XOR["preprocessing"], "words": {"decimal": ";"}}},
         "/preprocessing/words/decimal"),
        ({"preprocessing": {
            "columns": [{"type": "time", "name": "a", "parts": ["year"]}],
            "target": XOR["preprocessing"]["target"],
            "words": {"time_formats": {"a": "DD.MM.YYYY"}}}},
         "/preprocessing/words/time_formats/a"),
        ({"network": {"layers": [{"type": "embedding", "tables": [{"position": 0, "codes": 2}]}]},
          **inputs({"type": "codes", "name": "a", "levels": ["x", "y"]})},
         "/network/layers/0/tables"),
        (held(inputs=[0], values=[]), "/preprocessing/held/values"),
        (held(inputs=[-1], values=[0.0]), "/preprocessing/held/inputs/0"),
        (held(inputs=[0, 2], values=[0.0, 0.0]), "/preprocessing/held/inputs/1"),
        (held(inputs=[1, 1], values=[0.0, 0.0]), "/preprocessing/held/inputs/1"),
        (held(inputs=[1, 0], values=[0.0, 0.0]), "/preprocessing/held/inputs/1"),
        (held(codes=[{"input": 0, "codes": [0], "substitute": 1}]),
         "/preprocessing/held/codes/0/input"),
        (held_codes(input=1), "/preprocessing/held/codes/0/input"),
        (held_codes(codes=[]), "/preprocessing/held/codes/0/codes"),
        (held_codes(codes=[3]), "/preprocessing/held/codes/0/codes"),
        (held_codes(substitute=3), "/preprocessing/held/codes/0/codes"),
        (held_codes(substitute=0), "/preprocessing/held/codes/0/substitute"),
    ],
)  # fmt: skip
def test_description_that_is_wrong_is_named(
    client: TestClient, change: dict[str, Any], pointer: str
) -> None:
    errors = problem(send(client, XOR | change, pack_arrays(WEIGHTS)), 422)["errors"]
    assert pointer in [error["pointer"] for error in errors]


@pytest.mark.parametrize("model", ["{", '{"a": 1, "a": 1}', "[]", ""])
def test_description_that_is_not_a_json_object_is_rejected(client: TestClient, model: str) -> None:
    problem(send(client, model, pack_arrays(WEIGHTS)), 422)


def test_held_inputs_of_an_import_are_applied(client: TestClient) -> None:
    rows = {"rows": [{"a": 1.0, "b": 0.0}, {"a": 1.0, "b": 1.0}]}
    sent = send(client, XOR | held(inputs=[1], values=[1.0]), pack_arrays(WEIGHTS)).json()
    one, other = client.post(sent["links"]["predict"], json=rows).json()["data"]
    assert one["label"] == other["label"] == 0
    assert one["probability"] == other["probability"]
    assert [flag["flag"] for flag in one["flags"]] == ["untrained"]
    assert other["flags"] == []
    assert sent["preprocessing"]["held"]["inputs"] == [1]


def test_form_without_its_parts_is_refused(client: TestClient) -> None:
    problem(client.post("/v1/models", data={"model": json.dumps(XOR)}, files={"x": b""}), 422)
    problem(client.post("/v1/models", json=XOR), 415)


def test_arrays_survive_as_they_are(client: TestClient) -> None:
    model = send(client, XOR, pack_arrays(WEIGHTS)).json()
    back = unpack_arrays(client.get(model["links"]["weights"]).content)
    for name, array in WEIGHTS.items():
        np.testing.assert_array_equal(back[name], array)
