"""JSON bodies of the routes that FastAPI parses: codings, numbers of values, lengths of answers."""

import gzip
import json
from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.service.conftest import Upload, problem

JSON = {"Content-Type": "application/json"}


def post(client: TestClient, content: bytes, path: str = "/v1/jobs", **headers: str) -> Any:
    stated = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.post(path, content=content, headers=JSON | stated)


def test_a_coded_body_is_read(client: TestClient, upload: Upload) -> None:
    body = json.dumps({"dataset_id": upload()["id"], "target": "kind"}).encode()
    keyed = {"Content_Encoding": "gzip", "Idempotency_Key": "1"}
    created = post(client, gzip.compress(body), **keyed)
    assert created.status_code == 202, created.text
    # The key stands for the content, whichever its coding is.
    assert post(client, body, Idempotency_Key="1").json()["id"] == created.json()["id"]
    problem(post(client, body, Content_Encoding="gzip"), 400)
    refused = post(client, body, Content_Encoding="br")
    problem(refused, 415)
    assert refused.headers["Accept-Encoding"] == "gzip, deflate, zstd"
    bomb = gzip.compress(body + b" " * 50_000)
    problem(post(client, bomb, Content_Encoding="gzip"), 413)


@pytest.mark.parametrize(
    ("content", "pointer", "detail"),
    [
        (b'{"target": 1,\n "epochs": 07}', "", "line 2, column 13, at '7}'"),
        (b'{"optimizer": {"learning_rate": NaN}}', "/optimizer/learning_rate", "NaN is not JSON"),
        (b"", "", "the text is empty"),
        (b"\xff", "", "not UTF-8"),
    ],
)
@pytest.mark.parametrize("path", ["/v1/jobs", "/v1/jobs/validate", "/v1/webhooks"])
def test_what_is_not_json_is_refused_with_its_place(
    client: TestClient, path: str, content: bytes, pointer: str, detail: str
) -> None:
    (error,) = problem(post(client, content, path), 422)["errors"]
    assert (error["pointer"], error["code"]) == (pointer, "json_invalid")
    assert detail in error["detail"]


@pytest.mark.parametrize("key", ["", "some-key"])
def test_many_wrong_values_have_a_short_answer(client: TestClient, key: str) -> None:
    keyed = {"Idempotency_Key": key} if key else {}
    fields = json.dumps({f"{n}": n for n in range(3_000)}).encode()
    items = json.dumps({"features": [*range(8_000)]}).encode()
    answer = post(client, fields, **keyed)
    (error,) = problem(answer, 422)["errors"]
    assert error["code"] == "too_many_values"
    # One wrong item of a list is described. Besides, no feature is left, and dataset_id is missing.
    answer = post(client, items, **keyed)
    pointers = [error["pointer"] for error in problem(answer, 422)["errors"]]
    assert pointers == ["/features/0", "/features", "/dataset_id"]
    assert "there may be more errors" in answer.json()["detail"]


def test_of_few_values_all_errors_are_counted(client: TestClient) -> None:
    items = json.dumps({"features": [*range(900)]}).encode()
    answer = post(client, items)
    assert len(problem(answer, 422)["errors"]) == 20
    # Besides the wrong values, dataset_id is missing, and no feature is left.
    assert answer.json()["detail"].endswith("and 899 more")
    assert len(answer.content) < 2**16


@pytest.mark.parametrize("item", [b"1", b"{}", b"[]", b'{"a":1}'])
def test_very_many_values_are_not_validated(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, item: bytes
) -> None:
    monkeypatch.setattr("service.http.json_bodies.MAX_VALUES", 1_000)
    content = b'{"features": [' + b",".join([item] * 1_001) + b"]}"
    (error,) = problem(post(client, content), 422)["errors"]
    assert error["code"] == "too_many_values"
    assert "at most 1000 values" in error["detail"]
