"""Resumable uploads with the tus protocol, request by request, on a folder and on a bucket."""

import hashlib
from base64 import b64encode
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from service.app import create_app
from service.context import Context
from service.http.errors import UploadIncompleteError
from service.uploads import resumable
from store.db.tables import uploads
from store.errors import NotFoundError, UploadExpiredError
from store.settings import Settings, load_settings
from store.uploads import mark_upload_expired
from tests.schema import make_schema
from tests.service.conftest import problem

TUS = {"Tus-Resumable": "1.0.0"}
PART = {**TUS, "Content-Type": "application/offset+octet-stream"}
DATA = b"x,y\n" + b"1,2\n" * 99

Create = Callable[..., str]


on_every_store = pytest.mark.parametrize("store", ["file", "s3"])


@pytest.fixture
def store() -> str:
    """Kind of blob store: a folder unless a test selects another."""
    return "file"


@pytest.fixture
def settings(request: pytest.FixtureRequest, tmp_path: Path, store: str) -> Settings:
    bucket = request.getfixturevalue("bucket") if store == "s3" else {}
    return load_settings(data_dir=tmp_path, max_upload_bytes=1000, upload_part_bytes=150, **bucket)


@pytest.fixture
def client(settings: Settings) -> Iterator[TestClient]:
    make_schema(settings.database_url)
    with TestClient(create_app(settings), headers=TUS) as client:
        yield client


@pytest.fixture
def context(client: TestClient) -> Context:
    context: Context = client.app.state.context  # type: ignore[attr-defined]
    return context


@pytest.fixture
def create(client: TestClient) -> Create:
    """Create an upload and return its URL."""

    def create(length: int = len(DATA), **headers: str) -> str:
        answer = client.post("/v1/uploads", headers={"Upload-Length": str(length), **headers})
        assert answer.status_code == 201, answer.text
        location: str = answer.headers["location"]
        return location

    return create


def id_of(location: str) -> str:
    return location.rpartition("/")[2]


def send(client: TestClient, location: str, offset: int, data: bytes, **headers: str) -> Any:
    sent = {**PART, "Upload-Offset": str(offset), **headers}
    return client.patch(location, content=data, headers=sent)


def checksum(data: bytes, algorithm: str = "sha1") -> dict[str, str]:
    digest = hashlib.new(algorithm, data).digest()
    return {"Upload-Checksum": f"{algorithm} {b64encode(digest).decode()}"}


def blobs_of(context: Context) -> list[str]:
    return context.blobs.list_blobs("uploads")


def files_left(settings: Settings) -> list[Path]:
    return [path for path in (settings.data_dir / "incoming").rglob("*") if path.exists()]


def test_options_describe_the_protocol(client: TestClient) -> None:
    answer = client.options("/v1/uploads", headers={"Tus-Resumable": "0.2.2"})
    assert answer.status_code == 204
    assert answer.headers["tus-version"] == answer.headers["tus-resumable"] == "1.0.0"
    assert answer.headers["tus-max-size"] == "1000"
    assert answer.headers["tus-checksum-algorithm"] == "sha1,sha256"
    assert answer.headers["tus-extension"].split(",") == [
        "creation",
        "creation-with-upload",
        "expiration",
        "termination",
        "checksum",
    ]


@on_every_store
def test_upload_in_pieces_becomes_a_file(
    client: TestClient, create: Create, context: Context, tmp_path: Path
) -> None:
    metadata = "filename Li4vcG9pbnRzLmNzdg==,filetype dGV4dC9jc3Y7YT0x"
    location = create(**{"Upload-Metadata": metadata})
    for start, end in ((0, 7), (7, 320), (320, len(DATA))):
        answer = send(client, location, start, DATA[start:end])
        assert (answer.status_code, answer.headers["upload-offset"]) == (204, str(end))
        assert answer.headers["upload-expires"].endswith(" GMT")
    head = client.head(location)
    assert head.status_code == 200
    assert (head.headers["upload-offset"], head.headers["upload-length"]) == ("400", "400")
    assert (head.headers["upload-metadata"], head.headers["cache-control"]) == (
        metadata,
        "no-store",
    )
    assert len(blobs_of(context)) == 1 + 3 + 1
    upload = resumable.assemble(context, id_of(location), tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == DATA
    assert upload.sha256 == hashlib.sha256(DATA).hexdigest()
    assert (upload.name, upload.file_name) == ("points.csv", "points.csv")
    assert (upload.media_type, upload.bytes) == ("text/csv", 400)


@on_every_store
def test_upload_that_became_a_dataset_leaves_nothing(
    client: TestClient, create: Create, context: Context, settings: Settings
) -> None:
    location = create()
    send(client, location, 0, DATA)
    resumable.discard(context, id_of(location))
    resumable.discard(context, id_of(location))
    assert client.head(location).status_code == 404
    assert blobs_of(context) == []
    assert files_left(settings) == []


def test_creation_accepts_the_first_bytes(client: TestClient, context: Context) -> None:
    headers = {**PART, "Upload-Length": "400", **checksum(DATA[:170])}
    answer = client.post("/v1/uploads", headers=headers, content=DATA[:170])
    assert answer.status_code == 201
    assert answer.headers["upload-offset"] == "170"
    assert answer.json()["offset"] == 170
    assert len(blobs_of(context)) == 1  # stored completely or not at all, so not in parts
    assert send(client, answer.headers["location"], 170, DATA[170:]).status_code == 204


@on_every_store
def test_first_bytes_that_are_wrong_leave_no_upload(
    client: TestClient, context: Context, settings: Settings
) -> None:
    headers = {**PART, "Upload-Length": "4"}
    problem(client.post("/v1/uploads", headers=headers, content=b"12345"), 413)
    wrong = {**headers, **checksum(b"other")}
    problem(client.post("/v1/uploads", headers=wrong, content=b"1234"), 460)
    assert blobs_of(context) == []
    assert files_left(settings) == []
    with context.database.reading() as session:
        assert session.execute(uploads.select()).all() == []


def test_empty_file_is_complete_at_once(
    client: TestClient, create: Create, context: Context, tmp_path: Path
) -> None:
    location = create(0)
    assert send(client, location, 0, b"").status_code == 204
    assert resumable.assemble(context, id_of(location), tmp_path / "file").bytes == 0


@pytest.mark.parametrize(
    ("headers", "pointer"),
    [
        ({}, "/upload-length"),
        ({"Upload-Length": "-1"}, "/upload-length"),
        ({"Upload-Defer-Length": "1"}, "/upload-length"),
        ({"Upload-Length": "1", "Upload-Metadata": "a b c"}, "/upload-metadata"),
        ({"Upload-Length": "1", "Upload-Checksum": "md5 AAAA"}, "/upload-checksum"),
    ],
)
def test_upload_that_cannot_be_begun_is_400(
    client: TestClient, headers: dict[str, str], pointer: str
) -> None:
    found = problem(client.post("/v1/uploads", headers=headers), 400)
    assert [(e["location"], e["pointer"]) for e in found["errors"]] == [("header", pointer)]


def test_file_over_the_limit_is_413(client: TestClient) -> None:
    answer = client.post("/v1/uploads", headers={"Upload-Length": "1001"})
    assert problem(answer, 413)["code"] == "body_too_large"


@pytest.mark.parametrize("version", ["", "0.2.2", "1.0.1"])
def test_other_version_is_412(client: TestClient, create: Create, version: str) -> None:
    other = {"Tus-Resumable": version, "Upload-Length": "4"}
    for answer in (
        client.post("/v1/uploads", headers=other),
        client.delete(create(), headers=other),
    ):
        assert problem(answer, 412)["code"] == "unsupported_tus_version"
        assert answer.headers["tus-version"] == "1.0.0"


def test_wrong_offset_is_409_and_keeps_nothing(
    client: TestClient, create: Create, context: Context
) -> None:
    location = create()
    send(client, location, 0, DATA[:100])
    for offset in (0, 99, 101):
        assert problem(send(client, location, offset, b"1"), 409)["code"] == "offset_conflict"
    assert client.head(location).headers["upload-offset"] == "100"
    assert len(blobs_of(context)) == 1


@on_every_store
def test_lost_race_is_409_and_leaves_no_orphan(
    client: TestClient, create: Create, context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    location = create()
    put = context.blobs.put_blob

    def put_slowly(key: str, source: Path) -> None:
        put(key, source)
        monkeypatch.undo()
        assert send(client, location, 0, DATA[:50]).status_code == 204

    monkeypatch.setattr(context.blobs, "put_blob", put_slowly)
    problem(send(client, location, 0, DATA[:100]), 409)
    assert client.head(location).headers["upload-offset"] == "50"
    assert len(blobs_of(context)) == 1


@pytest.mark.parametrize("is_announced", [True, False])
def test_bytes_beyond_the_length_are_413_and_whole_parts_before_them_are_kept(
    client: TestClient, create: Create, settings: Settings, is_announced: bool
) -> None:
    location = create(200)
    content: Any = DATA[:201] if is_announced else iter([DATA[:201]])
    answer = client.patch(location, content=content, headers={**PART, "Upload-Offset": "0"})
    assert problem(answer, 413)["code"] == "body_too_large"
    kept = "0" if is_announced else "150"
    assert client.head(location).headers["upload-offset"] == kept
    assert files_left(settings) == []


@pytest.mark.parametrize("kind", ["text/csv", ""])
def test_part_of_another_media_type_is_415(client: TestClient, create: Create, kind: str) -> None:
    problem(send(client, create(), 0, b"1", **{"Content-Type": kind}), 415)


@pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
def test_part_with_its_checksum_is_kept_and_another_is_460(
    client: TestClient, create: Create, context: Context, algorithm: str
) -> None:
    location = create()
    found = problem(send(client, location, 0, DATA, **checksum(b"other", algorithm)), 460)
    assert (found["code"], found["title"]) == ("checksum_mismatch", "Checksum Mismatch")
    assert blobs_of(context) == []
    assert send(client, location, 0, DATA, **checksum(DATA, algorithm)).status_code == 204
    assert client.head(location).headers["upload-offset"] == "400"


@pytest.mark.parametrize("upload_id", ["up_nope", "nope", "job_1", "up_%00"])
def test_unknown_upload_is_404(client: TestClient, upload_id: str) -> None:
    location = f"/v1/uploads/{upload_id}"
    problem(send(client, location, 0, b"1"), 404)
    problem(client.delete(location), 404)
    assert client.head(location).status_code == 404


def test_expired_upload_is_410(client: TestClient, create: Create, context: Context) -> None:
    location = create()
    with context.database.writing() as session:
        mark_upload_expired(session, id_of(location))
    problem(send(client, location, 0, b"1"), 410)
    problem(client.delete(location), 410)
    assert client.head(location).status_code == 410


def test_cancelled_upload_is_gone(client: TestClient, create: Create, context: Context) -> None:
    location = create()
    send(client, location, 0, DATA[:100])
    assert client.delete(location).status_code == 204
    assert blobs_of(context) == []
    assert client.head(location).status_code == 404


def test_post_can_override_the_method(client: TestClient, create: Create) -> None:
    location = create()
    headers = {**PART, "Upload-Offset": "0", "X-HTTP-Method-Override": "PATCH"}
    answer = client.post(location, content=DATA, headers=headers)
    assert (answer.status_code, answer.headers["upload-offset"]) == (204, "400")


def test_problem_has_the_protocols_headers(client: TestClient) -> None:
    answer = client.delete("/v1/uploads/up_nope")
    assert answer.headers["tus-resumable"] == "1.0.0"
    assert answer.headers["cache-control"] == "no-store"
    assert "tus-resumable" not in client.get("/healthz").headers


def test_unfinished_upload_cannot_be_read(
    client: TestClient, create: Create, context: Context, tmp_path: Path
) -> None:
    location = create()
    send(client, location, 0, DATA[:100])
    with pytest.raises(UploadIncompleteError, match="100 of 400 bytes"):
        resumable.assemble(context, id_of(location), tmp_path / "file")
    with pytest.raises(NotFoundError):
        resumable.assemble(context, "up_nope", tmp_path / "file")
    with context.database.writing() as session:
        mark_upload_expired(session, id_of(location))
    with pytest.raises(UploadExpiredError):
        resumable.assemble(context, id_of(location), tmp_path / "file")
