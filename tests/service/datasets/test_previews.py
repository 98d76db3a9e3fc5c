"""A preview reads a file like an upload and stores nothing."""

from typing import Any

import pytest
from fastapi.testclient import TestClient

from store.settings import Settings
from tests.service.conftest import IRIS_LIKE, Upload, problem
from tests.service.datasets.test_datasets import count_rows, files_in

CSV = {"Content-Type": "text/csv"}


def preview(client: TestClient, content: str | bytes, **query: Any) -> dict[str, Any]:
    answer = client.post("/v1/datasets/preview", content=content, params=query, headers=CSV)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_preview_equals_the_upload(client: TestClient, upload: Upload) -> None:
    found = preview(client, IRIS_LIKE)
    dataset = upload()
    assert (found["options"], found["columns"]) == (dataset["options"], dataset["columns"])
    assert (found["rows_read"], found["is_complete"]) == (60, True)
    assert found["sample"] == client.get(dataset["links"]["rows"]).json()["data"]


def test_preview_stores_nothing(client: TestClient, settings: Settings) -> None:
    preview(client, IRIS_LIKE)
    assert count_rows(client) == 0
    assert files_in(settings.data_dir) == []


def test_options_of_a_preview_can_be_sent_back(client: TestClient) -> None:
    text = "a;b\n1,5;ja\n-;nein\n"
    options = preview(client, text)["options"]
    stated = {name: options[name] for name in ("delimiter", "decimal", "header", "missing")}
    assert preview(client, text, **stated)["columns"] == preview(client, text)["columns"]


def test_preview_applies_read_options(client: TestClient) -> None:
    found = preview(client, "a,b\n1,2\n3,4\n", header="false")
    assert [column["name"] for column in found["columns"]] == ["column_1", "column_2"]
    found = preview(client, "a,b\n1,2\n3,4\n", kind="a:categorical")
    assert found["columns"][0]["kind"] == "categorical"


def test_changes_of_names_are_noticed(client: TestClient) -> None:
    found = preview(client, " a ,,a\n1,2,3\n4,5,6\n")
    assert [column["name"] for column in found["columns"]] == ["a", "column_2", "a_2"]
    assert len(found["notices"]) >= 2
    assert all(notice["code"] and notice["detail"] for notice in found["notices"])


def test_form_is_previewed_like_a_body(client: TestClient) -> None:
    answer = client.post("/v1/datasets/preview", files={"file": ("a.csv", IRIS_LIKE)})
    assert answer.json() == preview(client, IRIS_LIKE)


@pytest.mark.parametrize(
    ("content", "code"), [("", "empty_file"), ("x,y\n1\n", "ragged_row"), ("\0", "not_csv")]
)
def test_broken_file_is_refused_like_an_upload(
    client: TestClient, settings: Settings, content: str, code: str
) -> None:
    answer = client.post("/v1/datasets/preview", content=content, headers=CSV)
    assert problem(answer, 422)["code"] == code
    assert files_in(settings.data_dir) == []


def test_there_is_nothing_to_get(client: TestClient) -> None:
    problem(client.get("/v1/datasets/preview"), 404)
