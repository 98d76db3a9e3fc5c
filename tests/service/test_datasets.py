"""Datasets over HTTP."""

from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from store.settings import Settings
from tests.service.conftest import IRIS_LIKE, Train, Upload, problem

CSV = {"Content-Type": "text/csv"}


def files_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and "sqlite3" not in path.name]


def test_upload_answers_the_schema(client: TestClient) -> None:
    answer = client.post("/v1/datasets?name=kinds", content=IRIS_LIKE, headers=CSV)
    dataset = answer.json()
    assert answer.status_code == 201
    assert answer.headers["location"] == f"/v1/datasets/{dataset['id']}"
    assert (dataset["name"], dataset["rows"], dataset["bytes"]) == ("kinds", 60, len(IRIS_LIKE))
    kinds = {column["name"]: column["kind"] for column in dataset["columns"]}
    assert kinds == {"width": "numeric", "colour": "categorical", "kind": "categorical"}
    assert client.get(answer.headers["location"]).json() == dataset


def test_multipart_is_read_like_a_raw_body(client: TestClient, upload: Upload) -> None:
    answer = client.post("/v1/datasets", files={"file": ("../../etc/points.csv", IRIS_LIKE)})
    assert answer.status_code == 201
    assert answer.json()["name"] == "points.csv"
    assert answer.json()["sha256"] == upload()["sha256"]


def test_form_without_a_file_is_refused(client: TestClient) -> None:
    answer = client.post("/v1/datasets", files={"other": ("a.csv", IRIS_LIKE)})
    assert problem(answer, 422)["errors"][0]["pointer"] == "/file"


@pytest.mark.parametrize("kind", ["application/json", "", "image/png"])
def test_other_media_types_are_415(client: TestClient, kind: str) -> None:
    problem(client.post("/v1/datasets", content="x", headers={"Content-Type": kind}), 415)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("", "empty_file"),
        ("x,y\n", "no_rows"),
        ("x,y\n1\n", "ragged_row"),
        ("\x00\x01\x02", "not_csv"),
    ],
)
def test_broken_file_is_refused_and_leaves_nothing(
    client: TestClient, settings: Settings, content: str, code: str
) -> None:
    answer = client.post("/v1/datasets", content=content, headers=CSV)
    assert problem(answer, 422)["code"] == code
    assert client.get("/v1/datasets").json()["data"] == []
    assert files_in(settings.data_dir) == []


def test_file_over_the_limit_is_413_and_leaves_nothing(
    client: TestClient, settings: Settings
) -> None:
    def endless() -> list[bytes]:
        return [b"x\n" + b"1\n" * 500_000]

    problem(client.post("/v1/datasets", content=b"".join(endless()), headers=CSV), 413)
    problem(client.post("/v1/datasets", content=iter(endless()), headers=CSV), 413)
    problem(client.post("/v1/datasets", files={"file": ("a", endless()[0])}), 413)
    assert files_in(settings.data_dir) == []


def test_datasets_come_in_pages(client: TestClient, upload: Upload) -> None:
    ids = [upload()["id"] for _ in range(3)]
    first = client.get("/v1/datasets?limit=2&order=asc").json()
    rest = client.get(f"/v1/datasets?limit=2&order=asc&after={first['next']}").json()
    assert [d["id"] for d in first["data"] + rest["data"]] == ids
    assert (first["has_more"], rest["has_more"], rest["next"]) == (True, False, None)


@pytest.mark.parametrize("dataset_id", ["ds_nope", "nope", "ds_%00", "%F0%9F%98%80", "job_1"])
def test_unknown_dataset_is_404(client: TestClient, dataset_id: str) -> None:
    problem(client.get(f"/v1/datasets/{dataset_id}"), 404)
    problem(client.delete(f"/v1/datasets/{dataset_id}"), 404)


def test_deleted_dataset_is_gone_and_its_file_too(
    client: TestClient, settings: Settings, upload: Upload
) -> None:
    dataset = upload()
    assert files_in(settings.data_dir) != []
    assert client.delete(f"/v1/datasets/{dataset['id']}").status_code == 204
    problem(client.get(f"/v1/datasets/{dataset['id']}"), 404)
    problem(client.post("/v1/jobs", json={"dataset_id": dataset["id"], "target": "kind"}), 404)
    assert files_in(settings.data_dir) == []


def test_dataset_of_a_waiting_job_is_409(client: TestClient, upload: Upload) -> None:
    dataset = upload()
    job = client.post("/v1/jobs", json={"dataset_id": dataset["id"], "target": "kind"}).json()
    assert problem(client.delete(f"/v1/datasets/{dataset['id']}"), 409)["code"] == "dataset_in_use"
    client.post(f"/v1/jobs/{job['id']}/cancel")
    assert client.delete(f"/v1/datasets/{dataset['id']}").status_code == 204


def test_model_outlives_its_dataset(client: TestClient, train: Train) -> None:
    job = train()
    assert client.delete(job["links"]["dataset"]).status_code == 204
    rows = {"rows": [{"width": 1.0, "colour": "red"}]}
    assert client.post(job["links"]["predict"], json=rows).status_code == 200
