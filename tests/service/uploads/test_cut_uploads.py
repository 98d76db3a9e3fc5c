"""Uploads that are cut off, over a real connection: nothing is left of them."""

import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx2
import pytest

from tests.service.conftest import IRIS_LIKE
from tests.service.hostile.watched import WatchedService, watched_service
from tests.waiting import wait_for

ROWS = b"1,2\n" * 50_000
FORM = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\nx,y\n'


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WatchedService]:
    with watched_service(tmp_path_factory.mktemp("cut")) as service:
        yield service


def head(*lines: str, path: str = "/v1/datasets") -> bytes:
    return "\r\n".join([f"POST {path} HTTP/1.1", "Host: localhost", *lines, "", ""]).encode()


def has_begun(service: WatchedService) -> bool:
    incoming = service.settings.data_dir / "incoming"
    return incoming.exists() and any(incoming.iterdir())


def is_clean(service: WatchedService) -> bool:
    return not has_begun(service) and service.files() == [] and service.count_rows() == 0


@pytest.mark.parametrize(
    "sent",
    [
        head("Content-Type: text/csv", "Content-Length: 9999999") + b"x,y\n" + ROWS,
        head("Content-Type: text/csv", "Transfer-Encoding: chunked") + b"4\r\nx,y\n\r\nfff\r\n1,2",
        head("Content-Type: multipart/form-data; boundary=b", "Content-Length: 9999999")
        + FORM
        + ROWS,
        head("Content-Type: application/gzip", "Content-Length: 99999") + b"\x1f\x8b\x08\0",
        head("Content-Type: text/csv", "Content-Length: 999999", path="/v1/models/mdl_x/predict")
        + ROWS,
    ],
    ids=["with a length", "in chunks", "a form", "gzip", "rows to predict"],
)
@pytest.mark.parametrize("how", ["closed", "reset"])
def test_cut_upload_leaves_nothing(service: WatchedService, sent: bytes, how: str) -> None:
    address = urlsplit(service.url)
    with socket.create_connection((address.hostname, address.port)) as connection:
        connection.sendall(sent)
        wait_for(lambda: has_begun(service))
        if how == "reset":
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0" + b"\0\0\0\0")
    wait_for(lambda: is_clean(service))
    answer = httpx2.post(
        f"{service.url}/v1/datasets", content=IRIS_LIKE, headers={"Content-Type": "text/csv"}
    )
    assert answer.status_code == 201
    assert httpx2.delete(service.url + answer.headers["location"]).status_code == 204
