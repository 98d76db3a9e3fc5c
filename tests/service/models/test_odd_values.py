"""A value never refuses a request: any JSON scalar in a column of any kind is predicted."""

import json
import math
import re
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from store.blobs.tensors import pack_arrays
from tests.service.conftest import Train, problem

COLUMNS: list[dict[str, Any]] = [
    {"type": "numeric", "name": "free"},
    {"type": "numeric", "name": "fine", "scale": 1e-30, "minimum": 0.0, "maximum": 1.0},
    {"type": "numeric", "name": "log", "log": True, "minimum": -1.0, "maximum": 5.0},
    {"type": "boolean", "name": "truth"},
    {"type": "levels", "name": "level", "levels": ["a", "TRUE", "5"], "rest": True},
    {"type": "ordinal", "name": "rank", "levels": ["s", "m"]},
    {"type": "time", "name": "time", "parts": ["year", "hour"]},
    {"type": "text", "name": "words", "buckets": 2},
]
NAMES = [column["name"] for column in COLUMNS]
INPUTS = 14
MODEL: dict[str, Any] = {
    "network": {"layers": []},
    "preprocessing": {
        "columns": COLUMNS,
        "target": {"type": "number", "name": "y"},
        "words": {"missing": ["NA", "-999"], "decimal": ","},
    },
}
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(-(10**400), 10**400),
    st.floats(allow_nan=False),
    st.text(),
    st.text("0123456789.,-+e"),
    st.sampled_from(
        ["NA", -999, "true", "yes", "2024-01-31", "NaN", "Infinity", "1e999", "x" * 300]
    ),
)


def import_model(client: TestClient, weight: float = 1.0, **changes: Any) -> str:
    weights = {
        "output.weight": np.full((INPUTS, 1), weight, np.float32),
        "output.bias": np.zeros(1, np.float32),
    }
    files = {"weights": ("weights.safetensors", pack_arrays(weights))}
    answer = client.post("/v1/models", data={"model": json.dumps(MODEL | changes)}, files=files)
    assert answer.status_code == 201, answer.text
    link: str = answer.json()["links"]["predict"]
    return link


def predict(client: TestClient, link: str, rows: list[Any]) -> list[dict[str, Any]]:
    """Return the predictions of rows, sent as JSON that may have numbers beyond float64."""
    body = re.sub('(?<!")Infinity(?!")', "1e999", json.dumps({"rows": rows}))
    answer = client.post(link, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = json.loads(answer.text, parse_constant=pytest.fail)["data"]
    return found


def flags_of(prediction: dict[str, Any]) -> dict[str, str]:
    flags = prediction["flags"]
    found = {flag["column"]: flag["flag"] for flag in flags}
    assert len(found) == len(flags), flags
    return found


def test_any_json_scalar_is_predicted(client: TestClient) -> None:
    link = import_model(client)

    @settings(
        max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow], database=None
    )
    @given(row=st.lists(SCALARS, min_size=len(NAMES), max_size=len(NAMES)))
    def check(row: list[Any]) -> None:
        as_record, as_array = predict(client, link, [dict(zip(NAMES, row, strict=True)), row])
        assert as_record == as_array
        assert math.isfinite(as_array["value"])
        given_names = {name for name, value in zip(NAMES, row, strict=True) if value is not None}
        flags = flags_of(as_array)
        assert {name for name, flag in flags.items() if flag != "imputed"} <= given_names

    check()


CASES: list[tuple[str, Any, str | None]] = [
    ("free", "about 5", "not_understood"),
    ("free", True, "not_understood"),
    ("free", "Infinity", "not_understood"),
    ("free", math.inf, "not_understood"),
    ("free", 10**400, "not_understood"),
    ("free", 1e300, "not_understood"),
    ("free", "?", "imputed"),
    ("free", "n.a.", "imputed"),
    ("free", "NaN", "imputed"),
    ("free", -999, "imputed"),
    ("free", "-999", "imputed"),
    ("free", "", "imputed"),
    ("free", "1,5", None),
    ("fine", 1e10, "out_of_range"),
    ("fine", -1e300, "out_of_range"),
    ("truth", "perhaps", "not_understood"),
    ("truth", 2, "not_understood"),
    ("truth", "unknown", "imputed"),
    ("truth", "yes", None),
    ("level", True, None),
    ("level", False, "not_understood"),
    ("level", 5, None),
    ("level", 6, "unknown_category"),
    ("level", "?", "unknown_category"),
    ("level", "x" * 10_000, "unknown_category"),
    ("level", "", "imputed"),
    ("rank", True, "not_understood"),
    ("time", "some day", "not_understood"),
    ("time", True, "not_understood"),
    ("time", "-", "imputed"),
    ("time", 1e308, None),
    ("words", True, None),
    ("words", 3, None),
]
USUAL = dict(zip(NAMES, (1, 0.5, 1, True, "a", "s", "2024-01-31", "some words"), strict=True))


def test_odd_value_is_replaced_and_flagged(client: TestClient) -> None:
    link = import_model(client)
    odd = predict(client, link, [USUAL | {column: value} for column, value, _ in CASES])
    missing = predict(client, link, [USUAL | {column: None} for column, _, _ in CASES])
    for case, prediction, imputed in zip(CASES, odd, missing, strict=True):
        column, _, flag = case
        assert flags_of(prediction) == ({} if flag is None else {column: flag}), case
        if flag in {"imputed", "not_understood"}:
            assert prediction["value"] == imputed["value"], case


def test_rows_beside_an_odd_one_keep_their_predictions(client: TestClient) -> None:
    link = import_model(client)
    rows: list[Any] = [[n, n / 9, n, n % 2, "a", "m", None, "w"] for n in range(9)]
    alone = predict(client, link, rows)
    rows.insert(4, [1e300, -1e300, "x", "x", True, "x", "x", 1])
    beside = predict(client, link, rows)
    assert beside[:4] + beside[5:] == alone


def test_model_whose_outputs_are_never_finite_is_refused_with_the_reason(
    client: TestClient,
) -> None:
    link = import_model(client, weight=3e38)
    found = problem(client.post(link, json={"rows": [[9] * len(NAMES)]}), 422)
    assert "not finite, even with every number within the range" in found["detail"]


def test_deviation_that_overflows_holds_the_row_in_the_range(
    client: TestClient, train: Train
) -> None:
    text = "x,y\n" + "\n".join(f"{n},{n % 7 * n}" for n in range(60))
    fast = {"type": "sgd", "learning_rate": 0.1}
    job = train(text, target="y", loss="gaussian", optimizer=fast, network={"layers": []})
    assert job["status"] == "succeeded", job
    for value in (1e9, -1e9):
        (row,) = predict(client, job["links"]["predict"], [[value]])
        assert math.isfinite(row["value"])
        assert math.isfinite(row["std"])
        assert flags_of(row) == {"x": "out_of_range"}


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("name", ["free", "not a feature"])
def test_numbers_that_json_does_not_have_are_refused(
    client: TestClient, name: str, number: float
) -> None:
    body = json.dumps({"rows": [{"free": 1}, {name: number}]})
    headers = {"Content-Type": "application/json"}
    found = problem(client.post(import_model(client), content=body, headers=headers), 422)
    (error,) = found["errors"]
    assert error["pointer"] == f"/rows/1/{name}"
    assert f"{json.dumps(number)} is not JSON: send null" in error["detail"]


def test_image_is_sent_as_nested_arrays(client: TestClient, train: Train) -> None:
    header = ",".join(f"p{n}" for n in range(16))
    text = f"{header},kind\n" + "\n".join(
        ",".join(str((n * i) % 7) for i in range(16)) + f",{'ab'[n % 2]}" for n in range(40)
    )
    layers = [{"type": "conv2d", "filters": 2}, {"type": "flatten"}]
    job = train(text, input_shape=[4, 4, 1], network={"layers": layers})
    flat = list(range(16))
    image = [flat[start : start + 4] for start in (0, 4, 8, 12)]
    channels = [[[value] for value in line] for line in image]
    one, two, three = predict(client, job["links"]["predict"], [flat, image, channels])
    assert one == two == three
    answer = client.post(job["links"]["predict"], json={"rows": [image[:3]]})
    (error,) = problem(answer, 422)["errors"]
    assert (error["pointer"], error["code"]) == ("/rows/0", "wrong_shape")


def test_rows_to_reconstruct_are_read_likewise(client: TestClient, train: Train) -> None:
    text = "x,z\n" + "\n".join(f"{n % 7}.5,{n % 5}.25" for n in range(60))
    job = train(text, target=None, task="reconstruction")
    assert job["status"] == "succeeded", job
    rows: list[Any] = [["about 5", 1], [True, "?"], [1e300, 10**400]]
    found = predict(client, job["links"]["predict"], rows)
    assert [flags_of(row) for row in found] == [
        {"x": "not_understood"},
        {"x": "not_understood", "z": "imputed"},
        {"x": "out_of_range", "z": "not_understood"},
    ]
    assert all(math.isfinite(row["error"]) for row in found)
