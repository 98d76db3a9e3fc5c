"""A real server that receives webhooks, with configurable responses."""

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from standardwebhooks import Webhook


@dataclass(frozen=True)
class Call:
    """A received request."""

    path: str
    headers: dict[str, str]
    body: bytes

    def verified(self, secret: str) -> dict[str, Any]:
        """Verify the signature and return the event. Raises WebhookVerificationError."""
        event: dict[str, Any] = Webhook(secret).verify(self.body, self.headers)
        return event


@dataclass
class Receiver:
    """Received requests, and configuration of the responses.

    Attributes:
        port: port on 127.0.0.1.
        statuses: statuses of successive responses; the last one repeats.
        headers: headers of every response.
        drips: send response headers slowly without an end, until `leaving` is set.
        floods: send a response body without an end.
    """

    port: int = 0
    calls: list[Call] = field(default_factory=list)
    statuses: list[int] = field(default_factory=lambda: [204])
    headers: dict[str, str] = field(default_factory=dict)
    drips: bool = False
    floods: bool = False
    leaving: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook?a=1"

    @property
    def ids(self) -> list[str]:
        return [call.headers["webhook-id"] for call in self.calls]


@contextmanager
def receiving(certificate: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    """Run a server on 127.0.0.1; with a certificate it uses TLS."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            receiver.calls.append(Call(self.path, dict(self.headers), body))
            _answer(self, receiver)

        def log_message(self, *_arguments: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_arguments: object) -> None:
            pass  # clients may disconnect

    with Server(("127.0.0.1", 0), Handler) as server:
        if certificate is not None:
            server.socket = certificate.wrap_socket(server.socket, server_side=True)
        receiver.port = server.server_port
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield receiver
        finally:
            receiver.leaving.set()
            server.shutdown()
            thread.join()


def _answer(handler: BaseHTTPRequestHandler, receiver: Receiver) -> None:
    statuses = receiver.statuses
    status = statuses.pop(0) if len(statuses) > 1 else statuses[0]
    if receiver.drips:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
        while not receiver.leaving.wait(0.02):
            handler.wfile.write(b"x: y\r\n")
        return
    handler.send_response(status)
    for name, value in receiver.headers.items():
        handler.send_header(name, value)
    handler.end_headers()
    while receiver.floods and not receiver.leaving.is_set():
        handler.wfile.write(b"x" * 65536)
