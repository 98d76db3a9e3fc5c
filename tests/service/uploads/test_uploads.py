"""Uploads over a real connection: complete, cut off, resumed by a standard client."""

import hashlib
import socket
from base64 import b64encode
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest
from tusclient.client import TusClient
from tusclient.exceptions import TusCommunicationError, TusUploadFailed

from service.context import Context
from service.runtime.compute_pool import ComputePool
from service.runtime.event_broadcast import EventBroadcaster
from service.runtime.file_readers import FileReaders
from service.runtime.model_cache import ModelCache
from service.runtime.polling import Polls
from service.uploads import resumable
from store.blobs.blobs import open_blobs
from store.db.database import Database
from store.db.migrate import upgrade
from store.settings import Settings, load_settings
from tests.servers import serving
from tests.service.conftest import IRIS_LIKE, problem
from tests.waiting import wait_for

CSV = IRIS_LIKE.encode()
DATA = b"x,y\n" + b"1.25,2.5\n" * 30_000
FORM_HEAD = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n'


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return load_settings(
        data_dir=tmp_path_factory.mktemp("uploads"),
        broker_url="memory://",
        upload_part_bytes=100_000,
    )


@pytest.fixture(scope="module")
def url(settings: Settings) -> Iterator[str]:
    upgrade(settings.database_url)
    log = settings.data_dir / "log"
    with serving(settings, log) as url:
        yield url
    assert "Traceback" not in log.read_text()


@pytest.fixture(scope="module")
def client(url: str) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=url) as client:
        yield client


@pytest.fixture(scope="module")
def elsewhere(settings: Settings, url: str) -> Iterator[Context]:
    """The context of another process on the same database and blob store."""
    database = Database(settings.database_url)
    feeds = EventBroadcaster(database)
    yield Context(
        settings,
        database,
        open_blobs(settings),
        None,
        None,
        ModelCache(database, settings.model_cache_bytes),
        feeds,
        Polls(database, feeds),
        ComputePool(settings),
        FileReaders(settings),
    )
    database.close()


@pytest.fixture
def file() -> BytesIO:
    return BytesIO(DATA)


def files_in_flight(settings: Settings) -> list[Path]:
    return [path for path in (settings.data_dir / "incoming").rglob("*") if path.is_file()]


def send_and_hang_up(url: str, request: str, headers: dict[str, str], body: bytes) -> None:
    """Send fewer bytes than Content-Length announces, and close the connection."""
    parts = urlsplit(url)
    lines = [request, "Host: localhost", *(f"{name}: {value}" for name, value in headers.items())]
    with socket.create_connection((parts.hostname or "", parts.port or 0)) as connection:
        connection.sendall("\r\n".join([*lines, "", ""]).encode() + body)


def assembled(context: Context, location: str, target: Path) -> bytes:
    resumable.assemble(context, location.rpartition("/")[2], target)
    return target.read_bytes()


@pytest.mark.parametrize("checks", [False, True])
@pytest.mark.parametrize("chunk", [70_000, 10**9])
def test_standard_client_uploads_a_file(
    url: str, file: BytesIO, tmp_path: Path, elsewhere: Context, checks: bool, chunk: int
) -> None:
    uploader = TusClient(f"{url}/v1/uploads").uploader(
        file_stream=file, chunk_size=chunk, metadata={"filename": "a.csv"}, upload_checksum=checks
    )
    uploader.upload()
    assert uploader.offset == uploader.get_offset() == len(DATA)
    assert assembled(elsewhere, str(uploader.url), tmp_path / "back") == DATA


def test_upload_that_was_cut_is_resumed_where_it_was(
    url: str, file: BytesIO, client: httpx2.Client, tmp_path: Path, elsewhere: Context
) -> None:
    tus = {"Tus-Resumable": "1.0.0"}
    created = client.post("/v1/uploads", headers={**tus, "Upload-Length": str(len(DATA))})
    location = created.headers["location"]
    headers = {
        **tus,
        "Content-Type": "application/offset+octet-stream",
        "Upload-Offset": "0",
        "Content-Length": str(len(DATA)),
    }
    send_and_hang_up(url, f"PATCH {location} HTTP/1.1", headers, DATA[:123_456])
    wait_for(lambda: client.head(location, headers=tus).headers["upload-offset"] == "123456")
    uploader = TusClient(f"{url}/v1/uploads").uploader(file_stream=file, url=f"{url}{location}")
    assert uploader.offset == 123_456
    uploader.upload()
    assert assembled(elsewhere, location, tmp_path / "back") == DATA
    assert files_in_flight(elsewhere.settings) == []


def test_standard_client_gets_the_problem(url: str, file: BytesIO) -> None:
    uploader = TusClient(f"{url}/v1/uploads").uploader(file_stream=file, chunk_size=1000)
    uploader.upload(stop_at=1000)
    uploader.offset = 5
    with pytest.raises(TusUploadFailed) as refused:
        uploader.upload()
    assert refused.value.status_code == 409
    with pytest.raises(TusCommunicationError) as unknown:
        TusClient("").uploader(file_stream=file, url=f"{url}/v1/uploads/up_nope")
    assert unknown.value.status_code == 404


@pytest.mark.parametrize("is_form", [False, True])
@pytest.mark.parametrize("path", ["/v1/datasets", "/v1/datasets?name=cut"])
def test_upload_that_is_cut_leaves_nothing(
    url: str, client: httpx2.Client, settings: Settings, path: str, is_form: bool
) -> None:
    kind = "multipart/form-data; boundary=b" if is_form else "text/csv"
    headers = {"Content-Type": kind, "Content-Length": str(10**8)}
    body = (FORM_HEAD if is_form else b"") + DATA
    send_and_hang_up(url, f"POST {path} HTTP/1.1", headers, body)
    wait_for(lambda: not list((settings.data_dir / "incoming").iterdir()))
    assert client.get("/v1/datasets?limit=200").json()["data"] == []


def content_digest(data: bytes) -> dict[str, str]:
    return {"Content-Digest": f"sha-256=:{b64encode(hashlib.sha256(data).digest()).decode()}:"}


@pytest.mark.parametrize("form", [False, True])
def test_right_digests_are_accepted(client: httpx2.Client, form: bool) -> None:
    sha256 = hashlib.sha256(CSV).hexdigest()
    kind = "multipart/form-data; boundary=b" if form else "text/csv"
    body = FORM_HEAD + CSV + b"\r\n--b--\r\n" if form else CSV
    headers = {"Content-Type": kind, **content_digest(body)}
    answer = client.post(f"/v1/datasets?sha256={sha256}", content=body, headers=headers)
    assert answer.status_code == 201, answer.text
    assert answer.json()["sha256"] == sha256
    client.delete(answer.headers["location"])


@pytest.mark.parametrize(
    ("query", "headers", "location", "pointer"),
    [
        ("?sha256=" + "0" * 64, {}, "query", "/sha256"),
        ("", content_digest(b"other"), "header", "/content-digest"),
    ],
)
def test_wrong_digest_is_refused_and_leaves_nothing(
    client: httpx2.Client,
    settings: Settings,
    query: str,
    headers: dict[str, str],
    location: str,
    pointer: str,
) -> None:
    sent = {"Content-Type": "text/csv", **headers}
    found = problem(client.post(f"/v1/datasets{query}", content=CSV, headers=sent), 422)
    assert found["code"] == "digest_mismatch"
    assert [(e["location"], e["pointer"]) for e in found["errors"]] == [(location, pointer)]
    assert files_in_flight(settings) == []
    assert client.get("/v1/datasets").json()["data"] == []


def test_malformed_digest_is_refused(client: httpx2.Client) -> None:
    headers = {"Content-Type": "text/csv", "Content-Digest": "sha-256=nonsense"}
    assert problem(client.post("/v1/datasets", content=CSV, headers=headers), 422)["code"] == (
        "invalid_digest"
    )


def test_other_content_encoding_is_415(client: httpx2.Client) -> None:
    headers = {"Content-Type": "text/csv", "Content-Encoding": "br"}
    answer = client.post("/v1/datasets", content=CSV, headers=headers)
    assert "br" in problem(answer, 415)["detail"]
    assert answer.headers["Accept-Encoding"] == "gzip, zstd"
