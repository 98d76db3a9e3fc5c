"""The event loop serves every request: what may block runs in threads."""

import hashlib
import sys
import threading
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from fastapi.testclient import TestClient

from store.settings import Settings
from tests.service.conftest import IRIS_LIKE

TUS = {"Tus-Resumable": "1.0.0", "Content-Type": "application/offset+octet-stream"}
CSV = {"Content-Type": "text/csv"}
FOLDER_EVENTS = {"tempfile.mkdtemp", "fcntl.flock", "shutil.rmtree"}


class Audit:
    """Which thread does what to files, as Python's own audit events report it.

    A hook stays until the process ends: it looks at nothing unless `watching`.
    """

    def __init__(self) -> None:
        self.found: list[tuple[str, str, int]] = []
        self._watched = ""
        sys.addaudithook(self._note)

    @contextmanager
    def watching(self, folder: str) -> Iterator[None]:
        """Note what is done in the folder, and every lock, while the block lasts."""
        self._watched = folder
        try:
            yield
        finally:
            self._watched = ""

    def _note(self, name: str, arguments: tuple[Any, ...]) -> None:
        if not self._watched or name not in FOLDER_EVENTS | {"open"}:
            return
        where = str(arguments[0])
        if name == "fcntl.flock" or where.startswith(self._watched):
            self.found.append((name, where, threading.get_ident()))


def send_uploads(client: TestClient) -> None:
    """Send a file in each of the ways in which one can be sent."""
    assert client.post("/v1/datasets", content=IRIS_LIKE, headers=CSV).status_code == 201
    assert client.post("/v1/datasets", files={"file": ("a.csv", IRIS_LIKE)}).status_code == 201
    assert client.post("/v1/datasets/preview", content=IRIS_LIKE, headers=CSV).status_code == 200
    length = {"Upload-Length": str(len(IRIS_LIKE))}
    plain = client.post("/v1/uploads", headers=TUS | length, content=IRIS_LIKE)
    digest = b64encode(hashlib.sha256(IRIS_LIKE.encode()).digest()).decode()
    checked = {"Upload-Checksum": f"sha256 {digest}"}
    assert client.post("/v1/uploads", headers=TUS | length | checked, content=IRIS_LIKE).is_success
    query = {"upload": plain.json()["id"], "format": "csv"}
    assert client.post("/v1/datasets", params=query).status_code == 201
    # A part that is refused: its folder goes, too.
    assert client.post("/v1/datasets", content="", headers=CSV).status_code == 422


def test_folders_of_uploads_are_made_and_removed_in_threads(
    client: TestClient, settings: Settings
) -> None:
    assert client.portal is not None
    loop_thread = client.portal.call(threading.get_ident)
    audit = Audit()
    with audit.watching(str(settings.data_dir / "incoming")):
        send_uploads(client)
    assert {name for name, _, _ in audit.found} == FOLDER_EVENTS | {"open"}
    assert [event for event in audit.found if event[2] == loop_thread] == []
