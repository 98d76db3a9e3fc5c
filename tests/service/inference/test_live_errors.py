"""Errors of `/v2` from a running server, on real sockets: each has the protocol's shape."""

import gzip
import json
import socket
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPResponse
from urllib.parse import urlsplit

import httpx2
import pytest

from cli.serving.http_timeouts import MAX_HEAD_BYTES
from store.settings import Settings, load_settings
from tests.schema import make_schema
from tests.servers import serving
from tests.service.inference.conftest import SPECS, queue_training
from tests.service.inference.tensors import LENGTH
from tests.training import train_waiting_jobs

# A server, and a training for a model that exists.
pytestmark = pytest.mark.rare
MAX_BODY_BYTES = 100_000


@dataclass(frozen=True)
class Live:
    """A running server: its address, the id of a model, its settings."""

    address: tuple[str, int]
    model: str
    settings: Settings

    def send(self, request: bytes) -> HTTPResponse:
        """Send bytes, and return the response when it is read whole."""
        with closing(socket.create_connection(self.address, timeout=60)) as client:
            client.sendall(request.replace(b"MODEL", self.model.encode()))
            response = HTTPResponse(client, method=request.split()[0].decode())
            response.begin()
            response.text = response.read().decode()  # type: ignore[attr-defined]
            return response


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    folder = tmp_path_factory.mktemp("live")
    settings = load_settings(
        data_dir=folder,
        broker_url="memory://",
        client_timeout_seconds=1,
        max_body_bytes=MAX_BODY_BYTES,
    )
    make_schema(settings.database_url)
    with serving(settings, folder / "log") as url:
        with httpx2.Client(base_url=url) as client:
            job = queue_training(client, *SPECS["value"])
            train_waiting_jobs(settings)
            model = client.get(job).json()["model_id"]
        found = urlsplit(url)
        assert found.hostname
        assert found.port
        yield Live((found.hostname, found.port), model, settings)
    assert "Traceback" not in (folder / "log").read_text()


def check_error(response: HTTPResponse, status: int) -> str:
    """Return the text of an error after checking its form."""
    text: str = response.text  # type: ignore[attr-defined]
    assert response.status == status, text
    # KServe's client compares the whole header.
    assert response.headers.get_all("content-type") == ["application/json"]
    found = json.loads(text)
    assert list(found) == ["error"]
    assert isinstance(found["error"], str)
    assert 0 < len(found["error"]) < 500
    return found["error"]


def post(body: bytes, path: str = "/models/MODEL/infer", **headers: str) -> bytes:
    lines = [f"POST /v2{path} HTTP/1.1", "Host: localhost", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


def begin(*lines: str, method: str = "POST", path: str = "/models/MODEL/infer") -> bytes:
    return "\r\n".join([f"{method} /v2{path} HTTP/1.1", "Host: localhost", *lines, ""]).encode()


BOMB = gzip.compress(bytes(10_000_000))
REQUESTS = {
    "not JSON": (400, post(b"{")),
    "not HTTP": (400, begin("Content-Length: ten", "")),
    "length of the header": (400, post(b"{}", **{LENGTH: "-1"})),
    "cut off gzip": (400, post(gzip.compress(b"{}")[:-9], content_encoding="gzip")),
    "unknown model": (404, post(b"{}", "/models/mdl_unknown/infer")),
    "unknown version": (404, post(b"{}", "/models/MODEL/versions/2/infer")),
    "unknown path": (404, begin("", method="GET", path="/nothing")),
    "not offered": (404, post(b"", "/repository/models/MODEL/load")),
    "wrong method": (405, begin("", method="DELETE", path="/models/MODEL")),
    "half a head": (408, begin("X: half a hea")),
    "half a body": (408, begin("Content-Length: 10", "", "123")),
    "half a chunk": (408, begin("Transfer-Encoding: chunked", "", "9", "123")),
    "stated too large": (413, begin(f"Content-Length: {MAX_BODY_BYTES + 1}", "")),
    "sent too large": (413, begin("Transfer-Encoding: chunked", "", "186A1", "0" * 100_001)),
    "gzip bomb": (413, post(BOMB, content_encoding="gzip")),
    "unknown coding": (415, post(b"{}", content_encoding="br")),
    "headers too large": (431, begin("X: " + "x" * MAX_HEAD_BYTES)),
}


@pytest.mark.parametrize("name", REQUESTS)
def test_error_has_the_shape_of_the_protocol(live: Live, name: str) -> None:
    status, request = REQUESTS[name]
    check_error(live.send(request), status)


def test_wrong_method_names_the_right_one(live: Live) -> None:
    for path, allowed in {"": "GET", "/infer": "POST"}.items():
        response = live.send(begin("", method="PATCH", path=f"/models/MODEL{path}"))
        check_error(response, 405)
        assert response.headers["allow"] == allowed


def test_unusable_database_is_unavailable(live: Live) -> None:
    """As during an upgrade: the schema is of another version."""
    database = live.settings.data_dir / "backpropd.sqlite3"
    update = "UPDATE alembic_version SET version_num = ?"
    with closing(sqlite3.connect(database)) as connection:
        (revision,) = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        with connection:
            connection.execute(update, ("none",))
        try:
            response = live.send(begin("", method="GET", path="/health/ready"))
        finally:
            with connection:
                connection.execute(update, (revision,))
    assert "database" in check_error(response, 503)
