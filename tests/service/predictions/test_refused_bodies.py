"""Refused bodies of predictions: the number of errors, the expected form, the media type."""

from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.service.conftest import problem
from tests.service.models.test_imports import WEIGHTS, XOR
from tests.service.predictions.test_options import import_model

CSV, TSV, JSON_BYTES = "text/csv", "text/tab-separated-values", b'{"rows": [[1, 2]]}'
NAMES = [f"c{n}" for n in range(30)]
MANY = dict.fromkeys(NAMES, 1)


@pytest.fixture
def path(client: TestClient) -> str:
    return str(import_model(client, XOR, WEIGHTS)["links"]["predict"])


@pytest.mark.parametrize(
    ("body", "more"),
    [
        ({"rows": [[1]] * 50}, "and at least 17 more"),
        ({"rows": [[1]] * 19}, "and 16 more"),
        ({"rows": [[[]] * 3, *[[1]] * 3]}, "and 1 more"),
        ({"rows": [{"a": 1, "b": [1]}] * 50}, "and at least 17 more"),
        ({"rows": [{"a": 1, "b": [1]}] * 7}, "and 4 more"),
        ({"rows": [MANY]}, "and at least 17 more"),
        ({"columns": {name: [1] for name in NAMES}}, "and 27 more"),
        ({"columns": MANY}, "and 27 more"),
        ({"columns": {"a": [1, 2], **{name: [1] for name in NAMES}}}, "and 27 more"),
        ({"rows": [[1, 2]], **MANY}, "and 27 more"),
    ],
)
def test_the_number_of_errors_is_stated(
    client: TestClient, path: str, body: dict[str, Any], more: str
) -> None:
    query = "?extra_columns=ignore" if len(body.get("columns", ())) > 30 else ""
    found = problem(client.post(f"{path}{query}", json=body), 422)
    assert len(found["errors"]) <= 20
    first = found["errors"][0]
    assert found["detail"].startswith(f"{first['pointer']}: {first['detail']}; ")
    assert found["detail"].endswith(f"; {more}")


def test_the_number_of_wrong_columns_of_a_file_is_stated(client: TestClient, path: str) -> None:
    content = f"{','.join(NAMES)}\n{','.join('1' * 30)}\n".encode()
    answer = client.post(path, content=content, headers={"Content-Type": CSV})
    found = problem(answer, 422)
    assert len(found["errors"]) == 20
    assert found["detail"].endswith("; and 27 more")


def test_the_number_of_unknown_parameters_is_stated(client: TestClient, path: str) -> None:
    query = "&".join(f"{name}=1" for name in NAMES)
    found = problem(client.post(f"{path}?{query}", json={"rows": [[1, 2]]}), 422)
    assert len(found["errors"]) == 20
    assert found["detail"].endswith("; and 27 more")


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ({"row": [[1, 2]]}, "rows is missing: "),
        ({"row": [[1, 2]]}, "did you mean 'rows' by 'row'?"),
        ({"Columns": {"a": [1]}}, "did you mean 'columns' by 'Columns'?"),
        ({}, "rows is missing: "),
        ([[1, 2]], "the body is not an object: "),
        ([[1, 2]], '{"rows": [[…], …]}'),
        ("rows", "the body is not an object: "),
    ],
)
def test_a_body_without_rows_is_refused_with_the_expected_form(
    client: TestClient, path: str, body: Any, detail: str
) -> None:
    (error,) = problem(client.post(path, json=body), 422)["errors"]
    assert detail in error["detail"]
    assert error["pointer"] == ""


@pytest.mark.parametrize("media_type", [CSV, TSV, "text/csv; header=absent"])
@pytest.mark.parametrize(
    "content",
    [
        JSON_BYTES,
        b'\xef\xbb\xbf \r\n{\n "columns" : {"a": [1], "b": [2]}}',
        b'{"rows": [{"a": 1}]}',
    ],
)
def test_a_json_body_that_is_stated_to_be_csv_is_refused(
    client: TestClient, path: str, content: bytes, media_type: str
) -> None:
    answer = client.post(path, content=content, headers={"Content-Type": media_type})
    found = problem(answer, 415)
    assert found["detail"] == "the body is JSON: send it with Content-Type: application/json"


def test_csv_may_begin_with_a_brace(client: TestClient, path: str) -> None:
    content = b'{"row",b\n1,2\n'
    answer = client.post(path, content=content, headers={"Content-Type": CSV})
    assert problem(answer, 422)["errors"][0]["code"] == "unknown_column"


@pytest.mark.parametrize("media_type", [CSV, TSV])
def test_a_single_line_of_texts_may_be_stated_to_be_a_row(
    client: TestClient, path: str, media_type: str
) -> None:
    content = b"red,blue\n" if media_type == CSV else b"red\tblue\n"
    answer = client.post(path, content=content, headers={"Content-Type": media_type})
    detail = problem(answer, 422)["detail"]
    assert detail.endswith(f"; Content-Type: {media_type}; header=absent reads it as a row")
    advised = {"Content-Type": f"{media_type}; header=absent"}
    assert client.post(path, content=content, headers=advised).status_code == 200
    stated = {"Content-Type": f"{media_type}; header=present"}
    found = problem(client.post(path, content=content, headers=stated), 422)
    assert "header=absent" not in found["detail"]
