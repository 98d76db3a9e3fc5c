"""A reverse proxy that serves the service below a path prefix, which it strips."""

import http.client
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

HOP_BY_HOP = {"connection", "transfer-encoding", "keep-alive"}
PIECE_BYTES = 65_536


@contextmanager
def prefix_proxy(target: str, prefix: str) -> Iterator[str]:
    """Serve the service at `target` below a prefix; the proxy's address, with a final slash."""
    handler = type("Handler", (_Forward,), {"target": urlsplit(target).netloc, "prefix": prefix})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}{prefix}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Forward(BaseHTTPRequestHandler):
    target: str
    prefix: str

    def _forward(self) -> None:
        if not self.path.startswith(f"{self.prefix}/"):
            self.send_error(404, "outside of the prefix")
            return
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        path = self.path.removeprefix(self.prefix)
        # A page that is left closes its connections.
        with (
            closing(http.client.HTTPConnection(self.target, timeout=60)) as upstream,
            suppress(ConnectionError),
        ):
            upstream.request(self.command, path, body, dict(self.headers.items()))
            with upstream.getresponse() as answer:
                self._pass_on(answer)

    def _pass_on(self, answer: http.client.HTTPResponse) -> None:
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in HOP_BY_HOP:
                self.send_header(name, value)
        # Without a length, the end of the connection is the end of the body.
        self.send_header("Connection", "close")
        self.end_headers()
        while piece := answer.read1(PIECE_BYTES):
            self.wfile.write(piece)
            self.wfile.flush()

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _forward  # noqa: N815

    def log_message(self, *_: object) -> None:
        """Log nothing."""
