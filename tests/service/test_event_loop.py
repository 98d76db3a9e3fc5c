"""The event loop is never blocked: blocking work runs in threads."""

import hashlib
import sys
import threading
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from fastapi.testclient import TestClient

from engine.data.table import Column
from engine.predictor import Predictions, Predictor
from service.predictions.predict import BODY_BYTES_IN_PLACE, ROWS_IN_PLACE
from service.runtime.model_cache import ServedModel
from store.settings import Settings
from tests.service.conftest import IRIS_LIKE, Train

PATIENCE_SECONDS = 30.0

TUS = {"Tus-Resumable": "1.0.0", "Content-Type": "application/offset+octet-stream"}
CSV = {"Content-Type": "text/csv"}
FOLDER_EVENTS = {"tempfile.mkdtemp", "fcntl.flock", "shutil.rmtree"}


class Audit:
    """Records which thread performs which file operation, from Python's audit events.

    An audit hook stays until the process ends, so it ignores events outside of `watching`.
    """

    def __init__(self) -> None:
        self.found: list[tuple[str, str, int]] = []
        self._watched = ""
        sys.addaudithook(self._record)

    @contextmanager
    def watching(self, folder: str) -> Iterator[None]:
        """Record operations in the folder, and every lock, during the block."""
        self._watched = folder
        try:
            yield
        finally:
            self._watched = ""

    def _record(self, name: str, arguments: tuple[Any, ...]) -> None:
        if not self._watched or name not in FOLDER_EVENTS | {"open"}:
            return
        where = str(arguments[0])
        if name == "fcntl.flock" or where.startswith(self._watched):
            self.found.append((name, where, threading.get_ident()))


def send_uploads(client: TestClient) -> None:
    """Send a file by every route that accepts one."""
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
    # A rejected file: its directory is removed as well.
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


class SlowPredictor(Predictor):
    """A predictor that one thread enters at a time and that waits for `gate`."""

    def __init__(self, real: Predictor) -> None:
        self.gives_probabilities = real.gives_probabilities
        self.dtype = real.dtype
        self.threads: list[int] = []
        self.gate = threading.Event()
        self.gate.set()
        self.entered = threading.Event()
        self._real = real
        self._turn = threading.Lock()

    def answer(self, columns: Mapping[str, Column], layers: Sequence[str] = ()) -> Predictions:
        with self._turn:
            self.threads.append(threading.get_ident())
            self.entered.set()
            assert self.gate.wait(PATIENCE_SECONDS)
            return self._real.answer(columns, layers)


class OneModel:
    """Serves one model, in memory unless `is_in_memory` is false.

    As in `ModelCache`, threads and the event loop have a predictor each.
    """

    def __init__(self, model: ServedModel) -> None:
        self.for_loop = SlowPredictor(model.predictor.share_weights())
        self.for_threads = SlowPredictor(model.predictor)
        self.model = replace(model, predictor=self.for_threads)
        self.is_in_memory = True
        self.threads: list[int] = []

    def find(self, model_id: str) -> ServedModel | None:
        return replace(self.model, predictor=self.for_loop) if self.is_in_memory else None

    def get(self, model_id: str) -> ServedModel:
        self.threads.append(threading.get_ident())
        return self.model


@pytest.fixture
def served(client: TestClient, train: Train) -> OneModel:
    """A trained model, served by the application with a predictor that can block."""
    app: Any = client.app
    model = app.state.context.served.get(train()["model_id"])
    served = OneModel(model)
    app.state.context = replace(app.state.context, served=served)
    return served


def post_rows(client: TestClient, served: OneModel, rows: int, **cells: object) -> Any:
    body = {"rows": [{"width": 1.5, "colour": "red", **cells}] * rows}
    return client.post(f"/v1/models/{served.model.id}/predict", json=body)


def loop_thread(client: TestClient) -> int:
    assert client.portal is not None
    return client.portal.call(threading.get_ident)


def test_small_predictions_do_not_wait_for_a_large_one(
    client: TestClient, served: OneModel
) -> None:
    served.for_threads.gate.clear()
    with ThreadPoolExecutor(2) as pool:
        try:
            large = pool.submit(post_rows, client, served, 100)
            assert served.for_threads.entered.wait(PATIENCE_SECONDS)
            small = pool.submit(post_rows, client, served, 1)
            assert small.result(PATIENCE_SECONDS / 3).status_code == 200
            assert not large.done()
        finally:
            served.for_threads.gate.set()
    assert large.result().status_code == 200
    assert served.for_loop.threads == [loop_thread(client)]


def forget(served: OneModel) -> None:
    served.is_in_memory = False


@pytest.mark.parametrize(
    ("rows", "cell", "change", "in_place"),
    [
        (1, "red", None, True),
        (ROWS_IN_PLACE, "red", None, True),
        (ROWS_IN_PLACE + 1, "red", None, False),
        (1, "x" * (BODY_BYTES_IN_PLACE // 2), None, True),
        (1, "x" * BODY_BYTES_IN_PLACE, None, False),
        (1, "red", forget, False),
    ],
)
def test_only_small_predictions_run_in_the_event_loop(
    client: TestClient,
    served: OneModel,
    rows: int,
    cell: str,
    change: Callable[[OneModel], None] | None,
    in_place: bool,
) -> None:
    if change is not None:
        change(served)
    assert post_rows(client, served, rows, colour=cell).status_code == 200
    loop = loop_thread(client)
    assert served.for_loop.threads == ([loop] if in_place else [])
    assert len(served.for_threads.threads) == (0 if in_place else 1)
    assert loop not in (*served.for_threads.threads, *served.threads)


def test_columns_and_tables_are_predicted_in_threads(client: TestClient, served: OneModel) -> None:
    path = f"/v1/models/{served.model.id}/predict"
    columns = {"columns": {"width": [1.5], "colour": ["red"]}}
    assert client.post(path, json=columns).status_code == 200
    assert client.post(path, content="width,colour\n1.5,red\n", headers=CSV).status_code == 200
    assert len(served.for_threads.threads) == 2
    assert loop_thread(client) not in served.for_threads.threads
    assert served.for_loop.threads == []
