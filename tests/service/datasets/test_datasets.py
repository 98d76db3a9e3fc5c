"""Datasets over HTTP."""

import base64
import gzip
import hashlib
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select

from service.context import Context
from store.db.tables import datasets
from store.settings import Settings
from tests.service.conftest import IRIS_LIKE, Train, Upload, problem

CSV = {"Content-Type": "text/csv"}


def files_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and "sqlite3" not in path.name]


def count_rows(client: TestClient) -> int:
    """Return the number of datasets in the database, including those the API does not list."""
    context: Context = client.app.state.context  # type: ignore[attr-defined]
    with context.database.reading() as session:
        count: int = session.execute(select(func.count()).select_from(datasets)).scalar_one()
    return count


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


@pytest.mark.parametrize("kind", ["application/x-yaml", "", "image/png"])
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
    assert count_rows(client) == 0
    assert files_in(settings.data_dir) == []


def test_problem_says_where_in_the_file(client: TestClient) -> None:
    answer = client.post("/v1/datasets", content="x,y\n1,2\n3\n", headers=CSV)
    error = problem(answer, 422)["errors"][0]
    assert (error["location"], error["pointer"], error["line"]) == ("body", "", 3)
    assert (error["text"], error["expected"]) == ("3", "2 cells")
    assert "column" not in error


def test_problem_of_a_cell_names_its_column(client: TestClient) -> None:
    answer = client.post("/v1/datasets?kind=y:numeric", content="x,y\n1,2\n3,b\n", headers=CSV)
    error = problem(answer, 422)["errors"][0]
    assert (error["line"], error["column"], error["text"]) == (3, "y", "b")
    assert "number" in error["expected"]


def test_problem_of_a_form_points_to_its_file(client: TestClient) -> None:
    answer = client.post("/v1/datasets", files={"file": ("a.csv", "x,y\n1\n")})
    assert problem(answer, 422)["errors"][0]["pointer"] == "/file"


def test_file_over_the_limit_is_413_and_leaves_nothing(
    client: TestClient, settings: Settings
) -> None:
    def endless() -> list[bytes]:
        return [b"x\n" + b"1\n" * 500_000]

    problem(client.post("/v1/datasets", content=b"".join(endless()), headers=CSV), 413)
    problem(client.post("/v1/datasets", content=iter(endless()), headers=CSV), 413)
    problem(client.post("/v1/datasets", files={"file": ("a", endless()[0])}), 413)
    assert files_in(settings.data_dir) == []


def test_upload_answers_how_it_was_read(client: TestClient) -> None:
    text = " a ;b;a\n1,5;ja;x\n;nein;y\n"
    dataset = client.post("/v1/datasets", content=text.encode("utf-16"), headers=CSV).json()
    options = dataset["options"]
    assert (options["encoding"], options["delimiter"], options["decimal"]) == ("utf-16", ";", ",")
    assert (options["format"], options["compression"], options["header"]) == ("csv", "none", True)
    assert [column["name"] for column in dataset["columns"]] == ["a", "b", "a_2"]
    assert dataset["notices"]
    assert dataset["columns"][0]["missing"] == 1
    assert dataset["links"]["rows"] == f"/v1/datasets/{dataset['id']}/rows"


def test_same_bytes_read_in_the_same_way_are_stored_once(
    client: TestClient, settings: Settings, upload: Upload
) -> None:
    first, second = upload(), upload()
    assert first["id"] != second["id"]
    assert {**second, "id": "", "links": "", "created_at": ""} == {
        **first, "id": "", "links": "", "created_at": ""
    }  # fmt: skip
    assert len(files_in(settings.data_dir)) == 1
    assert client.delete(f"/v1/datasets/{first['id']}").status_code == 204
    assert len(client.get(second["links"]["rows"]).json()["data"]) == 20
    assert client.delete(f"/v1/datasets/{second['id']}").status_code == 204
    assert files_in(settings.data_dir) == []


def test_same_bytes_read_otherwise_are_stored_again(
    client: TestClient, settings: Settings, upload: Upload
) -> None:
    upload()
    query = "kind=width:categorical&name=other"
    other = client.post(f"/v1/datasets?{query}", content=IRIS_LIKE, headers=CSV).json()
    assert other["columns"][0]["kind"] == "categorical"
    assert len(files_in(settings.data_dir)) == 2


def test_stated_digest_is_checked(client: TestClient, settings: Settings) -> None:
    digest = hashlib.sha256(IRIS_LIKE.encode())
    right = {"Content-Digest": f"sha-256=:{base64.b64encode(digest.digest()).decode()}:"}
    url = f"/v1/datasets?sha256={digest.hexdigest()}"
    accepted = client.post(url, content=IRIS_LIKE, headers=CSV | right)
    assert accepted.json()["sha256"] == digest.hexdigest()
    assert client.delete(accepted.headers["location"]).status_code == 204
    refused = problem(client.post(url, content=IRIS_LIKE + "\n", headers=CSV), 422)
    assert refused["errors"][0]["pointer"] == "/sha256"
    refused = problem(client.post("/v1/datasets", content="x\n1\n", headers=CSV | right), 422)
    assert refused["errors"][0]["location"] == "header"
    assert (count_rows(client), files_in(settings.data_dir)) == (0, [])


def test_content_encoding_is_unpacked(client: TestClient) -> None:
    packed = gzip.compress(IRIS_LIKE.encode())
    headers = CSV | {"Content-Encoding": "gzip"}
    dataset = client.post("/v1/datasets", content=packed, headers=headers).json()
    assert (dataset["rows"], dataset["bytes"]) == (60, len(packed))
    assert dataset["options"]["compression"] == "gzip"


def begin_upload(client: TestClient, content: bytes) -> str:
    """Create a complete resumable upload and return its id."""
    tus = {"Tus-Resumable": "1.0.0"}
    name = base64.b64encode(b"points.csv").decode()
    announced = {"Upload-Length": str(len(content)), "Upload-Metadata": f"filename {name}"}
    location = client.post("/v1/uploads", headers=tus | announced).headers["location"]
    part = {"Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
    assert client.patch(location, content=content, headers=tus | part).status_code == 204
    return str(location.rpartition("/")[2])


def test_finished_upload_becomes_a_dataset_and_is_gone(
    client: TestClient, settings: Settings
) -> None:
    upload_id = begin_upload(client, IRIS_LIKE.encode())
    assert client.post(f"/v1/datasets/preview?upload={upload_id}").json()["rows_read"] == 60
    answer = client.post(f"/v1/datasets?upload={upload_id}")
    assert answer.status_code == 201
    assert (answer.json()["name"], answer.json()["rows"]) == ("points.csv", 60)
    problem(client.post(f"/v1/datasets?upload={upload_id}"), 404)
    assert len(files_in(settings.data_dir)) == 1


def test_finished_upload_of_a_broken_file_stays(client: TestClient) -> None:
    upload_id = begin_upload(client, b"x,y\n1\n")
    for _ in range(2):
        error = problem(client.post(f"/v1/datasets?upload={upload_id}"), 422)["errors"][0]
        assert (error["location"], error["pointer"], error["line"]) == ("query", "/upload", 2)
    assert count_rows(client) == 0


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
