"""JSON rows over HTTP: content codings, texts of errors, and bodies of very many values."""

import gzip
import json
import zlib
from typing import Any

import pyarrow as pa
import pytest
from fastapi.testclient import TestClient

from tests.service.conftest import Train, problem
from tests.service.models.test_imports import WEIGHTS, XOR
from tests.service.predictions.test_options import import_model

ROWS = b'{"rows": [[0, 1], [1, 1]]}'
BODY_BYTES = 50_000


@pytest.fixture
def model(client: TestClient) -> dict[str, Any]:
    return import_model(client, XOR, WEIGHTS)


def post(client: TestClient, model: Any, content: bytes, **headers: str) -> Any:
    stated = {name.replace("_", "-"): value for name, value in headers.items()}
    headers = {"Content-Type": "application/json", **stated}
    return client.post(model["links"]["predict"], content=content, headers=headers)


def refuse(client: TestClient, model: Any, content: bytes) -> dict[str, Any]:
    answer = post(client, model, content)
    assert len(answer.content) < 2**16
    return problem(answer, 422)


@pytest.mark.parametrize(
    ("coding", "content"),
    [
        ("identity", ROWS),
        ("gzip", gzip.compress(ROWS)),
        ("deflate", zlib.compress(ROWS)),
        ("zstd", pa.compress(ROWS, "zstd", asbytes=True)),
    ],
    ids=["identity", "gzip", "deflate", "zstd"],
)
def test_a_coded_body_is_predicted_as_a_plain_one(
    client: TestClient, model: dict[str, Any], coding: str, content: bytes
) -> None:
    answer = post(client, model, content, Content_Encoding=coding)
    assert answer.status_code == 200, answer.text
    assert answer.content == post(client, model, ROWS).content


def test_a_coding_that_is_not_supported_is_415(client: TestClient, model: dict[str, Any]) -> None:
    answer = post(client, model, ROWS, Content_Encoding="br")
    assert "not 'br'" in problem(answer, 415)["detail"]
    assert answer.headers["Accept-Encoding"] == "gzip, deflate, zstd"


@pytest.mark.parametrize("coding", ["gzip", "deflate", "zstd"])
def test_a_plain_body_is_not_parsed_under_a_coding(
    client: TestClient, model: dict[str, Any], coding: str
) -> None:
    found = problem(post(client, model, ROWS, Content_Encoding=coding), 400)
    assert found["code"] == "invalid_content"


def test_a_body_is_limited_after_decompression(client: TestClient, model: dict[str, Any]) -> None:
    packed = gzip.compress(ROWS + b" " * BODY_BYTES)
    problem(post(client, model, packed, Content_Encoding="gzip"), 413)


@pytest.mark.parametrize(
    ("content", "pointer", "detail"),
    [
        (b'{"rows": [[1, 2],\n [3 4]]}', "", "line 2, column 5, at '4]]}'"),
        (b'{"rows": [[1, 2]]} {}', "", "Extra data: line 1, column 20"),
        (b'{"rows": [["\xff", 2]]}', "", "not UTF-8: line 1, column 13, at byte 0xff"),
        (b"", "", "the text is empty"),
        (b'{"rows": [[1, 2], [NaN, 1]]}', "/rows/1/0", "NaN is not JSON: send null"),
        (b'{"columns": {"a": [Infinity]}}', "/columns/a/0", "Infinity is not JSON: send null"),
        (b'{"rows": [{"a": 1, "a": 1}]}', "/rows/0", "the key 'a' is repeated"),
        (b'{"rows": [[1]]}', "/rows/0", "the row has 1 value, but the model has 2 features"),
    ],
)
def test_a_body_that_is_not_json_is_refused_with_its_place(
    client: TestClient, model: dict[str, Any], content: bytes, pointer: str, detail: str
) -> None:
    (error,) = refuse(client, model, content)["errors"]
    assert error["pointer"] == pointer
    assert detail in error["detail"]


def test_a_number_beyond_float64_is_json(client: TestClient, model: dict[str, Any]) -> None:
    (row,) = post(client, model, b'{"rows": [[1e400, 1]]}').json()["data"]
    assert row["flags"] == [{"column": "a", "flag": "not_understood"}]


def test_a_lone_surrogate_is_an_unknown_text(client: TestClient, train: Train) -> None:
    job = train(features=["colour", "width"])
    answer = post(client, job, rb'{"rows": [["\ud800", "\udc00"], ["red", 1]]}')
    assert answer.status_code == 200, answer.text
    flags = {flag["column"]: flag["flag"] for flag in answer.json()["data"][0]["flags"]}
    assert flags["colour"] == "unknown_category"
    assert flags["width"] == "not_understood"
    named = rb'{"rows": [{"colour": 1, "width": 1, "\ud800": 1}]}'
    (error,) = refuse(client, job, named)["errors"]
    assert error["pointer"] == r"/rows/0/\ud800"


@pytest.mark.parametrize(
    "content",
    [
        b"{" + b",".join(b'"%d": 1' % n for n in range(4_000)) + b"}",
        b'{"rows": [{' + b",".join(b'"%d": 1' % n for n in range(4_000)) + b"}]}",
        b'{"columns": {' + b",".join(b'"%d": [1]' % n for n in range(3_500)) + b"}}",
        b'{"rows": [' + b",".join([b'{"x":1}'] * 6_000) + b"]}",
        b'{"rows": [' + b",".join([b'"x"'] * 12_000) + b"]}",
        json.dumps({"rows": [{f"\x01{n}" + "\x01" * 1_500: 1} for n in range(5)]}).encode(),
        json.dumps({"\x01" * 3_000 + str(n): n for n in range(2)}).encode(),
    ],
    ids=["fields", "keys of a row", "columns", "rows", "texts", "long keys", "long fields"],
)
def test_the_answer_to_many_errors_is_short(
    client: TestClient, model: dict[str, Any], content: bytes
) -> None:
    assert len(content) < BODY_BYTES
    assert len(refuse(client, model, content)["errors"]) <= 20


def test_the_known_fields_are_named(client: TestClient, model: dict[str, Any]) -> None:
    content = json.dumps({f"row {n}": [1, 2] for n in range(1_200)}).encode()
    (error,) = refuse(client, model, content)["errors"]
    assert error["detail"] == "1200 fields; the known ones are ['rows', 'columns']"
