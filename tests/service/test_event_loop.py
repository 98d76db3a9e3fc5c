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
from service.predictions.predict import BODY_BYTES_IN_PLACE, MODEL_BYTES_IN_PLACE, ROWS_IN_PLACE
from service.runtime.model_cache import ServedModel
from store.settings import Settings
from tests.service.conftest import IRIS_LIKE, Train, problem

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
    """Serves one model, in memory unless `is_in_memory` is false."""

    def __init__(self, model: ServedModel) -> None:
        self.model = model
        self.is_in_memory = True
        self.threads: list[int] = []

    def find(self, model_id: str) -> ServedModel | None:
        return self.model if self.is_in_memory else None

    def get(self, model_id: str) -> ServedModel:
        self.threads.append(threading.get_ident())
        return self.model


@pytest.fixture
def served(client: TestClient, train: Train) -> OneModel:
    """A trained model, served by the application with a predictor that can block."""
    app: Any = client.app
    model = app.state.context.served.get(train()["model_id"])
    served = OneModel(replace(model, predictor=SlowPredictor(model.predictor)))
    app.state.context = replace(app.state.context, served=served)
    return served


def post_rows(client: TestClient, served: OneModel, rows: int, **cells: object) -> Any:
    body = {"rows": [{"width": 1.5, "colour": "red", **cells}] * rows}
    return client.post(f"/v1/models/{served.model.id}/predict", json=body)


def predictor_of(served: OneModel) -> SlowPredictor:
    assert isinstance(served.model.predictor, SlowPredictor)
    return served.model.predictor


def test_small_predictions_wait_for_a_large_one_in_threads(
    client: TestClient, served: OneModel
) -> None:
    predictor = predictor_of(served)
    predictor.gate.clear()
    with ThreadPoolExecutor(3) as pool:
        try:
            large = pool.submit(post_rows, client, served, 100)
            assert predictor.entered.wait(PATIENCE_SECONDS)
            small = pool.submit(post_rows, client, served, 1)
            health = pool.submit(client.get, "/healthz")
            assert health.result(PATIENCE_SECONDS / 3).status_code == 200
            assert not large.done()
            assert not small.done()
        finally:
            predictor.gate.set()
    assert (large.result().status_code, small.result().status_code) == (200, 200)
    # The model's lock is free again, so the event loop predicts.
    assert post_rows(client, served, 1).status_code == 200
    assert client.portal is not None
    assert predictor.threads[-1] == client.portal.call(threading.get_ident)


def make_large(served: OneModel) -> None:
    served.model = replace(served.model, nbytes=MODEL_BYTES_IN_PLACE + 1)


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
        (1, "red", make_large, False),
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
    assert client.portal is not None
    loop_thread = client.portal.call(threading.get_ident)
    assert (predictor_of(served).threads == [loop_thread]) == in_place
    assert loop_thread not in served.threads


def test_failed_prediction_releases_the_model(client: TestClient, served: OneModel) -> None:
    for rows in (1, ROWS_IN_PLACE + 1):
        problem(post_rows(client, served, rows, width=["wide"]), 422)
    test_only_small_predictions_run_in_the_event_loop(client, served, 1, "red", None, True)


def test_columns_and_tables_are_predicted_in_threads(client: TestClient, served: OneModel) -> None:
    path = f"/v1/models/{served.model.id}/predict"
    columns = {"columns": {"width": [1.5], "colour": ["red"]}}
    assert client.post(path, json=columns).status_code == 200
    assert client.post(path, content="width,colour\n1.5,red\n", headers=CSV).status_code == 200
    assert client.portal is not None
    assert len(predictor_of(served).threads) == 2
    assert client.portal.call(threading.get_ident) not in predictor_of(served).threads
