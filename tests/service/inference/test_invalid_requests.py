"""Requests that are wrong for their model, or hostile: a 4xx error that names the tensor."""

import gzip
import json
from dataclasses import replace
from typing import Any, cast

import numpy as np
import pytest
from starlette.testclient import TestClient
from starlette.types import Message, Scope

from service.http.prefixes import Prefixes
from service.http.renderers import ErrorDetails
from service.inference import infer
from service.inference.models import find_model
from service.routes import inference
from tests.service.inference.conftest import Served
from tests.service.inference.tensors import LENGTH, Body, as_binary, as_json, read_outputs, texts
from tests.service.inference.test_inference import COLUMNS
from tests.service.limiters import CountingLimiter

PAIR = np.array([1.0, 2.0])
GOOD = {"p1": PAIR, "p2": PAIR}


def error(response: Any, status: int) -> str:
    """The text of an error after checking its form."""
    assert response.status_code == status, response.text
    # KServe's client compares the whole header.
    assert response.headers["content-type"] == "application/json"
    found = response.json()
    assert found.keys() == {"error"}
    assert len(response.content) < 600
    assert "Traceback" not in response.text
    return str(found["error"])


def changed(**tensors: Any) -> Body:
    return as_json({**GOOD, **tensors})


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (changed(p3=PAIR), None),
        (changed(p=PAIR), "tensor 'p': not a feature of the model; did you mean 'p"),
        (as_json({"p1": PAIR}), "inputs lack 1 of the 2 columns: 'p2'"),
        (changed(p2=PAIR[:1]), "tensor 'p2': it has 1 rows, but tensor 'p1' has 2"),
        (changed(p2=PAIR.reshape(1, 2)), "tensor 'p2': shape must be [rows] or [rows, 1]"),
        (changed(p2=PAIR.reshape(2, 1, 1)), "tensor 'p2': shape must be [rows] or [rows, 1]"),
        (changed(p2=np.array(1.0)), "tensor 'p2': shape must be [rows] or [rows, 1], not []"),
        (changed(p2=np.array([True, False])), "tensor 'p2': datatype BOOL; a number type"),
        (as_json({"p1": PAIR[:0], "p2": PAIR[:0]}), "tensor 'p1': it has 0 rows; 1 to 10000"),
        (changed(features=PAIR.reshape(1, 2)), "tensor 'p1': features replaces the tensors"),
        (as_json({"features": PAIR}), "tensor 'features': shape must be [rows, 2], not [2]"),
        (as_json({"features": np.ones((2, 3))}), "must be [rows, 2], not [2, 3]"),
        (as_json({"features": np.ones((2, 2), "?")}), "tensor 'features': datatype BOOL"),
        (as_binary({"features": np.ones((10_001, 2), "u1")}), "it has 10001 rows; 1 to 10000"),
        (as_json(GOOD, outputs=[{"name": "predict"}]), "output 'predict': the model has only"),
    ],
)
def test_requests_that_do_not_fit_the_model(served: Served, body: Body, text: str | None) -> None:
    response = served.infer("value", body)
    if text is None:  # p3 is another column of the dataset
        read_outputs(response)
    else:
        assert text in error(response, 400)


ROW = {name: values[:1] for name, values in COLUMNS.items()}


def test_a_column_may_be_absent_if_it_had_missing_values_in_training(served: Served) -> None:
    without = {name: values for name, values in ROW.items() if name != "weight"}
    response = served.infer("classes", as_json(without))
    assert response.json()["parameters"] == {"imputed": 1}
    missing = {**ROW, "weight": np.array([-999])}
    other = served.infer("classes", as_json(missing))
    assert response.json()["outputs"] == other.json()["outputs"]


@pytest.mark.parametrize(
    ("rule", "flags"), [("impute", {"imputed": 5}), ("ignore", None)], ids=["impute", "ignore"]
)
def test_rules_for_absent_columns(served: Served, rule: str, flags: Any) -> None:
    one = {"size": ROW["size"]}
    assert "inputs lack 4 of the 6 columns" in error(served.infer("classes", as_json(one)), 400)
    body = as_json(one, parameters={"missing_columns": rule})
    response = served.infer("classes", body)
    read_outputs(response)
    assert response.json().get("parameters") == flags
    strict = as_json(ROW, parameters={"missing_columns": "error"})
    read_outputs(served.infer("classes", strict))
    without = {name: values for name, values in ROW.items() if name != "weight"}
    strict = as_json(without, parameters={"missing_columns": "error"})
    assert "lack 1 of the 6 columns: 'weight'" in error(served.infer("classes", strict), 400)


def test_rules_for_other_columns(served: Served) -> None:
    other = as_json({**GOOD, "other": PAIR}, parameters={"extra_columns": "ignore"})
    read_outputs(served.infer("value", other))
    strict = as_json({**GOOD, "p3": PAIR}, parameters={"extra_columns": "error"})
    assert "a column of the dataset" in error(served.infer("value", strict), 400)
    only = as_json({"other": PAIR}, parameters={"extra_columns": "ignore"})
    assert "inputs lack 2 of the 2 columns" in error(served.infer("value", only), 400)
    impute = {"extra_columns": "ignore", "missing_columns": "impute"}
    assert "lack" in error(served.infer("value", as_json({"other": PAIR}, parameters=impute)), 400)


def test_a_matrix_needs_a_model_of_numbers(served: Served) -> None:
    body = as_json({"features": np.ones((1, 6))})
    assert "send one tensor per column" in error(served.infer("classes", body), 400)


def test_an_image_is_nested_in_the_shape_of_the_model(served: Served) -> None:
    pixels = np.arange(8.0)
    shapes = [(2, 4), (2, 2, 2), (2, 2, 2, 1)]
    found = [
        read_outputs(served.infer("image", as_binary({"features": pixels.reshape(shape)})))
        for shape in shapes
    ]
    assert all(np.array_equal(one["probabilities"], found[0]["probabilities"]) for one in found)
    wrong = as_binary({"features": pixels.reshape(2, 1, 4)})
    assert "shape must be [rows, 4]" in error(served.infer("image", wrong), 400)


@pytest.mark.parametrize("column", ["note", "colour", "sold on", "size"])
def test_texts_that_are_not_unicode_are_read_as_in_v1(served: Served, column: str) -> None:
    row = {"size": 1, "weight": 1, "colour": "red", "sold on": "1.1.2021", "note": "", "fast": True}
    odd = {**row, column: "\ud800 lot"}
    tensors = {
        name: np.array([value], object if isinstance(value, str) else None)
        for name, value in odd.items()
    }
    response = served.infer("classes", as_json(tensors))
    assert response.status_code in (200, 400), response.text
    path = f"/v1/models/{served.models['classes']}/predict"
    text = json.dumps({"rows": [odd]})
    other = served.client.post(path, content=text, headers={"Content-Type": "application/json"})
    assert (other.status_code == 200) == (response.status_code == 200)


def test_a_reconstruction_is_limited_in_size(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.predictions.answers.MAX_VALUES", 7)
    body = as_json({"features": np.ones((2, 4))})
    assert "at most 1 rows per request" in error(served.infer("numbers", body), 400)


def test_outputs_that_are_not_finite_are_an_error(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.predictor._find_finite", lambda x, *_: np.zeros(len(x), bool))
    assert "not finite" in error(served.infer("value", as_json(GOOD)), 400)


@pytest.mark.parametrize(
    "path",
    [
        "/models/mdl_unknown",
        "/models/other",
        "/models/%00",
        "/models/{id}/versions/2",
        "/models/{id}/versions/0/ready",
        "/models/{id}/versions/1.0",
        "/models/mdl_unknown/ready",
        "/models/{id}/config",
        "/models/{id}/stats",
        "/models/{id}/versions/1/stats",
        "/models/stats",
        "/nothing",
        "/Health/live",
    ],
)
def test_unknown_paths(served: Served, path: str) -> None:
    error(served.client.get("/v2" + path.format(id=served.models["value"])), 404)


@pytest.mark.parametrize("path", ["/models/mdl_unknown", "/models/{id}/versions/2", "/models/x"])
def test_unknown_models_to_infer_from(served: Served, path: str) -> None:
    path = f"/v2{path.format(id=served.models['value'])}/infer"
    error(served.client.post(path, content=as_json(GOOD).content), 404)


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("{", "the body: not valid JSON"),
        ("null", "must be a JSON object, not null"),
        ('{"ready": null}', "ready must be true or false, not null"),
        ('{"ready": true, "ready": true}', "the key 'ready' is repeated"),
    ],
)
def test_invalid_requests_for_the_index(served: Served, body: str, text: str) -> None:
    assert text in error(served.client.post("/v2/repository/index", content=body), 400)


def test_a_model_that_disappears_meanwhile(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    def find(context: Any, _: str) -> Any:
        return find_model(context, "mdl_deleted")

    monkeypatch.setattr(infer, "find_model", find)
    monkeypatch.setattr(infer, "infer_in_place", lambda *_: None)
    monkeypatch.setattr("service.routes.inference.infer_in_place", lambda *_: None)
    assert "no model" in error(served.infer("value", as_json(GOOD)), 404)


def test_other_methods(served: Served) -> None:
    response = served.client.delete(f"/v2/models/{served.models['value']}")
    error(response, 405)
    assert response.headers["allow"] == "GET"


def test_bodies_that_are_too_large(served: Served) -> None:
    error(served.infer("value", Body(bytes(200_001))), 413)
    bomb = gzip.compress(bytes(10_000_000))
    error(served.infer("value", Body(bomb), **{"Content-Encoding": "gzip"}), 413)
    within = gzip.compress(as_json(GOOD).content + b" " * 100_000)
    read_outputs(served.infer("value", Body(within), **{"Content-Encoding": "gzip"}))


def test_content_codings_that_are_not_supported(served: Served) -> None:
    body = as_json(GOOD)
    response = served.infer("value", body, **{"Content-Encoding": "br"})
    error(response, 415)
    assert response.headers["accept-encoding"] == "gzip, deflate, zstd"
    error(served.infer("value", body, **{"Content-Encoding": "gzip"}), 400)


@pytest.mark.parametrize(
    ("name", "values", "status"),
    [
        (LENGTH, ["{length}", "{length}"], 400),
        (LENGTH, ["{length}", "1"], 400),
        ("Content-Encoding", ["identity", "gzip"], 415),
        ("Content-Encoding", ["", "gzip"], 415),
    ],
)
def test_headers_that_contradict_each_other(
    served: Served, name: str, values: list[str], status: int
) -> None:
    body = as_json(GOOD).content
    path = f"/v2/models/{served.models['value']}/infer"
    headers = [(name, value.format(length=len(body))) for value in values]
    error(served.client.post(path, content=body, headers=headers), status)


@pytest.mark.parametrize("content_type", ["", "text/plain", "application/json; charset=utf-8"])
def test_the_content_type_is_not_read(served: Served, content_type: str) -> None:
    body = as_json(GOOD)
    read_outputs(served.infer("value", body, **{"Content-Type": content_type}))


@pytest.mark.parametrize("status", [400, 401, 404, 405, 408, 413, 421, 429, 431, 503])
def test_every_status_has_the_protocols_shape(served: Served, status: int) -> None:
    prefixes: Prefixes = served.client.app.state.prefixes  # type: ignore[attr-defined]
    for path in ("/v2", "/v2/models/a/infer"):
        details = ErrorDetails(status, "code", "a text", headers={"Retry-After": "5"})
        response = prefixes.find(path).render_error(details)
        assert response.status_code == status
        assert response.headers["content-type"] == "application/json"
        assert response.headers["retry-after"] == "5"
        assert json.loads(bytes(response.body)) == {"error": "a text"}


def test_a_client_that_goes_away_is_not_an_error_of_the_service(served: Served) -> None:
    sent: list[Message] = []
    messages: list[Message] = [
        {"type": "http.request", "body": b'{"inputs', "more_body": True},
        {"type": "http.disconnect"},
    ]

    async def receive() -> Message:
        return messages.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    path = f"/v2/models/{served.models['value']}/infer"
    scope: Scope = {
        "type": "http",
        "method": "POST",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [],
        "app": served.client.app,
    }
    call(served.client, scope, receive, send)
    assert [message.get("status") for message in sent] == [400, None]


def call(client: TestClient, scope: Scope, receive: Any, send: Any) -> None:
    """Call the application in the client's event loop."""
    assert client.portal is not None
    client.portal.call(client.app, scope, receive, send)


@pytest.mark.parametrize(
    ("inputs", "is_fast"),
    [
        ({"features": np.ones((100, 2), "f4")}, True),
        ({"features": np.ones((9_000, 2), "f4")}, False),
        ({"features": texts(*["1"] * 200).reshape(100, 2)}, True),
        ({"features": texts(*["1" * 4_000] * 20).reshape(10, 2)}, False),
    ],
)
def test_only_fast_requests_are_computed_in_the_event_loop(
    served: Served, inputs: Any, is_fast: bool
) -> None:
    context = served.client.app.state.context  # type: ignore[attr-defined]
    model_id = served.models["value"]
    model = find_model(context, model_id)
    body = as_binary(inputs)
    payload = infer.Payload(body.content, "", body.headers[LENGTH])
    rows = inputs["features"].shape[0]
    assert (rows * model.nbytes <= infer.WORK_IN_PLACE) == (rows < 9_000)
    assert (infer.infer_in_place(context, model_id, payload) is not None) == is_fast
    compressed = infer.Payload(body.content, "gzip", body.headers[LENGTH])
    assert infer.infer_in_place(context, model_id, compressed) is None
    assert infer.infer_in_place(context, "mdl_unknown", payload) is None
    in_json = as_json(inputs, id=" " * infer.JSON_BYTES_IN_PLACE)
    assert infer.infer_in_place(context, model_id, infer.Payload(in_json.content, "", None)) is None


def test_only_large_and_compressed_requests_wait_for_each_other(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    limiter, app = CountingLimiter(), cast("Any", served.client.app)
    context = app.state.context
    monkeypatch.setitem(app.state._state, "context", replace(context, row_readers=limiter))
    in_thread = as_json(GOOD, id=" " * infer.JSON_BYTES_IN_PLACE)
    assert served.infer("value", in_thread).status_code == 200
    assert limiter.users == 0
    monkeypatch.setattr(inference, "SMALL_BODY_BYTES", len(in_thread.content) - 1)
    assert served.infer("value", in_thread).status_code == 200
    assert limiter.users == 1
    compressed = Body(gzip.compress(as_json(GOOD).content), {"Content-Encoding": "gzip"})
    assert served.infer("value", compressed).status_code == 200
    assert limiter.users == 2


def test_large_and_small_requests_give_the_same_bits(served: Served) -> None:
    """In the event loop, in a thread, and compressed."""
    inputs = {"features": texts("1", "2", "3", "4").reshape(2, 2)}
    small = as_binary(inputs)
    padded = as_binary(inputs, id=" " * infer.JSON_BYTES_IN_PLACE)
    found = [
        read_outputs(served.infer("value", small)),
        read_outputs(served.infer("value", padded)),
        read_outputs(
            served.infer(
                "value",
                Body(gzip.compress(small.content), small.headers),
                **{"Content-Encoding": "gzip"},
            )
        ),
    ]
    assert all(np.array_equal(one["prediction"], found[0]["prediction"]) for one in found)
