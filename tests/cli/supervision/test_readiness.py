"""`backpropd up` polls /readyz and takes over its warnings."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from cli.supervision.readiness import Readiness

READY = {"worker_names": ["up-1@host"], "warnings": ["environment: numpy is …"]}


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(READY).encode())

    def log_request(self, *_: object) -> None:
        """Log nothing."""


@pytest.fixture
def address() -> Iterator[tuple[str, int]]:
    with HTTPServer(("127.0.0.1", 0), _Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield "127.0.0.1", server.server_port
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(("worker", "is_reached"), [("up-1", True), ("up-2", False)])
def test_own_worker_is_awaited_and_warnings_are_kept(
    address: tuple[str, int], worker: str, is_reached: bool
) -> None:
    readiness = Readiness(address, worker)
    assert readiness.is_reached() is is_reached
    assert readiness.warnings == READY["warnings"]


def test_api_that_does_not_answer_is_the_reason() -> None:
    readiness = Readiness(("127.0.0.1", 1), "up-1")
    assert not readiness.is_reached()
    assert "the API does not answer" in readiness.reason
