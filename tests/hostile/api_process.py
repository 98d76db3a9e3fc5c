"""A real API process, and requests to it on plain sockets."""

import json
import math
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import numpy as np
import psutil

from store.blobs.tensors import pack_arrays
from store.db.migrate import upgrade
from store.settings import load_settings
from tests.servers import serving

CSV = b"width,kind\n1,a\n2,b\n3,a\n4,b\n"
HIDDEN = 1024


@dataclass(frozen=True)
class Server:
    """A real API process."""

    url: str
    process: psutil.Process

    def connect(self, buffer: int | None = None) -> socket.socket:
        """Connect, with a receive buffer of that size."""
        parts = urlsplit(self.url)
        client = socket.socket()
        if buffer is not None:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        client.settimeout(60)
        client.connect((parts.hostname or "", parts.port or 0))
        return client

    def count_connections(self) -> int:
        """Return the number of connections that are open on the side of the service."""
        port = urlsplit(self.url).port
        found = self.process.net_connections("tcp")
        return sum(one.laddr.port == port and one.status != "LISTEN" for one in found)


@contextmanager
def server_with(folder: Path, **settings: Any) -> Iterator[Server]:
    for name in ("messages", "control"):
        (folder / "queue" / name).mkdir(parents=True, exist_ok=True)
    chosen = load_settings(
        data_dir=folder, broker_url=f"filesystem://{folder / 'queue'}", **settings
    )
    upgrade(chosen.database_url)
    with serving(chosen, folder / "log") as url:
        port = urlsplit(url).port
        processes = psutil.Process().children(recursive=True)
        found = [one for one in processes if is_listening(one, port)]
        yield Server(url, found[0])
    log = (folder / "log").read_text()
    assert "Traceback" not in log, log


def is_listening(process: psutil.Process, port: int | None) -> bool:
    found = process.net_connections("tcp")
    return any(one.status == "LISTEN" and one.laddr.port == port for one in found)


def upload(client: httpx2.Client) -> str:
    answer = client.post("/v1/datasets", content=CSV, headers={"Content-Type": "text/csv"})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def import_model(client: httpx2.Client, weight_bytes: int, features: Sequence[str] = "ab") -> str:
    """Import a model of at least that many bytes of weights; return the path of the weights."""
    units = math.ceil(weight_bytes / 4 / HIDDEN)
    layers = [{"type": "dense", "units": count} for count in (HIDDEN, units)]
    shapes = [(len(features), HIDDEN), (HIDDEN, units), (units, 1)]
    names = ("layers.0", "layers.1", "output")
    arrays = {
        f"{name}.{kind}": np.zeros(shape, np.float32)
        for name, sizes in zip(names, shapes, strict=True)
        for kind, shape in (("weight", sizes), ("bias", sizes[1:]))
    }
    numbers = [{"type": "numeric", "name": name} for name in features]
    target = {"type": "classes", "name": "y", "classes": [0, 1]}
    model = {"network": {"layers": layers}, "preprocessing": {"columns": numbers, "target": target}}
    answer = client.post(
        "/v1/models",
        data={"model": json.dumps(model)},
        files={"weights": ("w.safetensors", pack_arrays(arrays))},
    )
    assert answer.status_code == 201, answer.text
    return f"/v1/models/{answer.json()['id']}/weights"


def begin_body(length: int, path: str = "/v1/jobs", kind: str = "application/json") -> bytes:
    lines = [f"POST {path} HTTP/1.1", "Host: localhost", f"Content-Type: {kind}"]
    return "\r\n".join([*lines, f"Content-Length: {length}", "", ""]).encode()


def get(path: str, *headers: str) -> bytes:
    return "\r\n".join([f"GET {path} HTTP/1.1", "Host: localhost", *headers, "", ""]).encode()


def read_to_the_end(client: socket.socket) -> bytes:
    received = b""
    try:
        while piece := client.recv(65_536):
            received += piece
    except ConnectionError:
        pass
    return received
