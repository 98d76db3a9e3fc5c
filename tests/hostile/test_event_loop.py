"""The largest requests leave the event loop free: their work is done by other threads.

Counted are the bytes of JSON that the loop's thread parses and writes, and the processor time of
its longest callback, which does not depend on what else the machine does.
"""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi import Response
from fastapi._compat import ModelField
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient

from service.app import create_app
from service.http import strict_json
from service.http.api_route import ApiRoute
from service.http.json_bodies import BYTES_IN_PLACE
from service.http.raw_route import RawRoute
from store.settings import load_settings
from tests.hostile.bad_bodies import KINDS, make_form, make_model
from tests.hostile.routes import JSON, list_routes
from tests.schema import make_schema

MIB = 2**20
# Reading 15 MiB of numbers takes 400 ms, describing 99,000 wrong items 250 ms, and making the
# OpenAPI document 600 ms.
MAX_CALLBACK_SECONDS = 0.2


@dataclass
class LoopWork:
    """The work of the thread of the event loop.

    Attributes:
        thread: identifier of the thread.
        parsed: lengths of the JSON texts that it has parsed.
        written: lengths of those that FastAPI has written there.
        longest: processor time of its longest callback, in seconds.
    """

    thread: int
    parsed: list[int] = field(default_factory=list)
    written: list[int] = field(default_factory=list)
    longest: float = 0.0

    def is_here(self) -> bool:
        """Whether this is the thread of the event loop."""
        return threading.get_ident() == self.thread

    def check(self, place: str) -> None:
        """Check the work since the last check."""
        assert max(self.parsed + self.written, default=0) <= BYTES_IN_PLACE, place
        assert self.longest <= MAX_CALLBACK_SECONDS, (place, self.longest)
        self.parsed.clear()
        self.written.clear()
        self.longest = 0.0


@dataclass(frozen=True)
class Target:
    """An application with a model of 1,000 classes, and the work of its event loop."""

    client: TestClient
    model: str
    work: LoopWork


def watch(work: LoopWork, patch: pytest.MonkeyPatch) -> None:
    """Record the work of the event loop."""
    run: Callable[[Any], None] = asyncio.Handle._run
    decode = strict_json._decode
    write = ModelField.serialize_json

    def timed_run(handle: Any) -> None:
        if not work.is_here():
            run(handle)
            return
        begin = time.thread_time()
        run(handle)
        work.longest = max(work.longest, time.thread_time() - begin)

    def counted_decode(content: bytes) -> str:
        if work.is_here():
            work.parsed.append(len(content))
        return decode(content)

    def counted_write(self: ModelField, *values: Any, **options: Any) -> bytes:
        found = write(self, *values, **options)
        if work.is_here():
            work.written.append(len(found))
        return found

    patch.setattr(asyncio.Handle, "_run", timed_run)
    patch.setattr(ModelField, "serialize_json", counted_write)
    patch.setattr(strict_json, "_decode", counted_decode)


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    folder: Path = tmp_path_factory.mktemp("loop")
    settings = load_settings(data_dir=folder, broker_url="memory://")
    make_schema(settings.database_url)
    with TestClient(create_app(settings)) as client, pytest.MonkeyPatch.context() as patch:
        assert client.portal is not None
        work = LoopWork(client.portal.call(threading.get_ident))
        watch(work, patch)
        weights = {"output.weight": np.zeros((4, 1000), "f4"), "output.bias": np.zeros(1000, "f4")}
        content, headers = make_model(weights)
        created = client.post("/v1/models", content=content, headers=headers)
        assert created.status_code == 201, created.text
        yield Target(client, created.json()["id"], work)


def test_the_work_of_the_loop_is_recorded(target: Target) -> None:
    target.work.check("import")
    body = b'{"dataset_id": "ds_1", "target": "kind"}'
    target.client.post("/v1/jobs", content=body, headers={"Content-Type": JSON})
    assert target.work.parsed == [len(body)]
    assert target.work.longest > 0
    target.work.check("a small body")


# Of these kinds the bodies are read to their ends, or nearly so.
LONG = [
    "one text",
    "numbers",
    "unknown keys",
    "job: wrong features",
    "job: wrong metadata keys",
    "job: long features",
    "rows: objects in a column",
    "rows: one row of texts",
    "tensors: texts in a tensor",
    "import: wrong levels",
]


@pytest.mark.parametrize("kind", LONG)
@pytest.mark.parametrize("size", [MIB - 100, pytest.param(15 * MIB, marks=pytest.mark.rare)])
def test_large_bodies_are_read_by_other_threads(target: Target, kind: str, size: int) -> None:
    body = KINDS[kind].make(size)
    paths = target.client.app.openapi()["paths"]  # type: ignore[attr-defined]
    target.work.check("making the document")
    for method, path in list_routes(paths, target.model):
        content, headers = body, {"Content-Type": JSON}
        if path == "/v1/models":
            content, headers = make_form(model=body, weights=b"")
        for more in ({}, {"Idempotency-Key": f"{kind} {size} {path}"}):
            target.client.request(method, path, content=content, headers=headers | more)
            target.work.check(f"{method} {path}")


def test_large_answers_are_written_by_other_threads(target: Target) -> None:
    row = b"[1, 2, 3, 4]"
    rows = b'{"rows": [%s]}' % b",".join([row] * 300)
    tensor = b'{"name": "features", "datatype": "FP32", "shape": [300, 4], "data": [%s]}'
    tensors = b'{"inputs": [%s]}' % (tensor % b",".join([b"1"] * 1_200))
    for path, body in (
        (f"/v1/models/{target.model}/predict", rows),
        (f"/v2/models/{target.model}/infer", tensors),
    ):
        for accepted in (JSON, "text/csv"):
            headers = {"Content-Type": JSON, "Accept": accepted}
            answer = target.client.post(path, content=body, headers=headers)
            assert answer.status_code == 200, answer.text[:500]
            assert len(answer.content) > MIB
            target.work.check(f"{path} as {accepted}")


def test_rows_are_written_by_another_thread(target: Target) -> None:
    names = [f"a column {n}" for n in range(60)]
    table = [names, *([f"{row}.{n}" for n in range(60)] for row in range(1000))]
    content = "\n".join(map(",".join, table))
    headers = {"Content-Type": "text/csv"}
    created = target.client.post("/v1/datasets", content=content, headers=headers)
    target.work.check("upload")
    answer = target.client.get(f"/v1/datasets/{created.json()['id']}/rows", params={"limit": 1000})
    assert len(answer.content) > MIB
    target.work.check("rows")
    assert target.work.written == []


def test_every_answer_is_written_by_other_threads(target: Target) -> None:
    found = [one for one in target.client.app.routes if isinstance(one, APIRoute)]  # type: ignore[attr-defined]
    written = [one for one in found if one.response_field and not isinstance(one, RawRoute)]
    assert {"/v1/jobs/validate", "/v1/jobs/{job_id}/events"} <= {one.path for one in written}
    assert [one.path for one in written if not isinstance(one, ApiRoute)] == []
    assert [one.path for one in written if one.dependant.call is one.endpoint] == []


def test_answers_of_coroutines_are_written_by_other_threads(target: Target) -> None:
    csv = {"Content-Type": "text/csv"}
    made = target.client.post("/v1/datasets", content="a,b\n1,2\n3,4\n5,6\n", headers=csv)
    body = {"dataset_id": made.json()["id"], "target": "b", "epochs": 1}
    threads: list[int] = []
    route = next(one for one in target.client.app.routes if one.path == "/v1/jobs/validate")  # type: ignore[attr-defined]
    assert isinstance(route, ApiRoute)

    def write(found: object) -> Response:
        threads.append(threading.get_ident())
        return ApiRoute._write(route, found)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(route, "_write", write)
        answer = target.client.post("/v1/jobs/validate", json=body)
    assert answer.status_code == 200, answer.text
    assert threads
    assert target.work.thread not in threads


@pytest.mark.parametrize("wanted", ["safetensors", "npz", "json"])
def test_weights_are_written_by_other_threads(target: Target, wanted: str) -> None:
    weights = {"output.weight": np.ones((1000, 1000), "f4"), "output.bias": np.ones(1000, "f4")}
    content, headers = make_model(weights)
    created = target.client.post("/v1/models", content=content, headers=headers)
    assert created.status_code == 201, created.text
    target.work.check("import")
    answer = target.client.get(created.json()["links"]["weights"], params={"format": wanted})
    assert len(answer.content) > 4 * 10**6
    target.work.check(wanted)


def test_the_document_is_made_by_another_thread(target: Target) -> None:
    assert target.client.get("/openapi.json").status_code == 200
    target.work.check("/openapi.json")
