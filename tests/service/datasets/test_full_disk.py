"""Uploads to a full disk, at every stage: 507, and nothing is left behind."""

import gzip
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from fastapi.testclient import TestClient
from pyarrow import parquet

from service.app import create_app
from service.uploads.temp_folders import incoming
from store.settings import Settings, load_settings
from tests.limited import files_limited
from tests.schema import make_schema
from tests.service.conftest import problem

# More than SQLite writes here, and less than each upload writes.
LIMIT = 3 * 2**19
ROWS = 200_000
CSV = b"x,y\n" + b"1.2345,2\n" * ROWS


def _written(write: Any) -> bytes:
    buffer = io.BytesIO()
    write(buffer)
    return buffer.getvalue()


def _archive() -> bytes:
    return _written(lambda file: np.savez_compressed(file, x=np.zeros((ROWS, 4))))


def _parquet() -> bytes:
    table = pa.table({"x": np.zeros(ROWS), "y": np.zeros(ROWS)})
    return _written(lambda file: parquet.write_table(table, file))


UPLOADS = {
    "as it comes": ("text/csv", CSV),
    "unpacked": ("application/gzip", gzip.compress(CSV, 1)),
    "spilled": ("application/x-ndjson", b'{"a":1,"b":1,"c":1,"d":1}\n' * (LIMIT // 27)),
    "in pieces": ("application/json", b'{"a":[' + b"1," * (LIMIT // 7) + b"1]}"),
    "out of an archive": ("application/octet-stream", _archive()),
    "as a column file": ("application/vnd.apache.parquet", _parquet()),
}


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return load_settings(data_dir=tmp_path_factory.mktemp("full"))


@pytest.fixture(scope="module")
def client(settings: Settings) -> Iterator[TestClient]:
    make_schema(settings.database_url)
    with TestClient(create_app(settings)) as client:
        yield client


def files_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


@pytest.mark.parametrize("stage", UPLOADS)
def test_upload_without_room_leaves_nothing(
    client: TestClient, settings: Settings, stage: str
) -> None:
    media_type, content = UPLOADS[stage]
    with files_limited(LIMIT):
        answer = client.post("/v1/datasets", content=content, headers={"Content-Type": media_type})
    found = problem(answer, 507)
    assert found["code"] == "storage_full"
    assert str(settings.data_dir) not in answer.text
    assert answer.headers["retry-after"]
    assert client.get("/v1/datasets").json()["data"] == []
    assert list(incoming(settings.data_dir).iterdir()) == []
    assert files_in(settings.data_dir / "blobs") == []


def test_form_without_room_leaves_nothing(client: TestClient, settings: Settings) -> None:
    with files_limited(LIMIT):
        answer = client.post("/v1/datasets", files={"file": ("a.csv", CSV, "text/csv")})
    problem(answer, 507)
    assert list(incoming(settings.data_dir).iterdir()) == []


def test_preview_without_room_is_refused(client: TestClient) -> None:
    media_type, content = UPLOADS["unpacked"]
    with files_limited(LIMIT):
        answer = client.post(
            "/v1/datasets/preview", content=content, headers={"Content-Type": media_type}
        )
    problem(answer, 507)


def test_part_without_room_is_not_counted(client: TestClient) -> None:
    tus = {"Tus-Resumable": "1.0.0"}
    begun = client.post("/v1/uploads", headers={**tus, "Upload-Length": "8000000"})
    assert begun.status_code == 201, begun.text
    headers = {
        **tus,
        "Upload-Offset": "0",
        "Content-Type": "application/offset+octet-stream",
    }
    with files_limited(LIMIT):
        sent = client.patch(begun.headers["location"], content=bytes(8_000_000), headers=headers)
    problem(sent, 507)
    status = client.head(begun.headers["location"], headers=tus)
    assert status.headers["upload-offset"] == "0"


def test_same_upload_is_taken_once_there_is_room(settings: Settings) -> None:
    make_schema(settings.database_url)
    # The processes of the other application have been started with the limit.
    with TestClient(create_app(settings)) as client:
        for media_type, content in UPLOADS.values():
            headers = {"Content-Type": media_type}
            answer = client.post("/v1/datasets", content=content, headers=headers)
            assert answer.status_code == 201, answer.text
