"""Corpus of hostile uploads: each gets a specific problem, uses bounded time and memory, and leaves
nothing behind; afterwards the service still accepts a valid file."""

import pickle
from collections.abc import Iterator

import httpx2
import pytest

from tests.service.conftest import IRIS_LIKE, problem
from tests.service.hostile import (
    arrays,
    arrow_files,
    compressed,
    csv_files,
    json_files,
    parquet_files,
    requests,
    stated,
)
from tests.service.hostile.case import Case
from tests.service.hostile.watched import MIB, WatchedService, watched_service

MAX_SECONDS = 1.0
MAX_BYTES = 64 * MIB
MODULES = (csv_files, stated, json_files, compressed, arrays, parquet_files, arrow_files, requests)
CORPUS = [
    pytest.param(case, id=f"{module.__name__.rpartition('.')[2]}: {case.name}")
    for module in MODULES
    for case in module.CASES
]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WatchedService]:
    with watched_service(tmp_path_factory.mktemp("hostile")) as service:
        with httpx2.Client(base_url=service.url, timeout=60) as client:
            # Warm up: modules that load once must not count as a hostile file's cost.
            for case in (*csv_files.CASES, *arrow_files.CASES[:50:10], *json_files.CASES[:50:10]):
                if len(case.body()) < MIB:
                    send(client, case)
            send_good_file(client)
        yield service
        with httpx2.Client(base_url=service.url, timeout=60) as client:
            send_good_file(client)


@pytest.fixture(scope="module")
def client(service: WatchedService) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=service.url, timeout=60) as client:
        yield client


def send(client: httpx2.Client, case: Case) -> httpx2.Response:
    """Upload the case's file with its query, headers and media type."""
    url = f"/v1/datasets?{case.query}" if case.query else "/v1/datasets"
    if case.file_name is not None:
        file = (case.file_name, case.body(), case.media_type)
        return client.post(url, files={"file": file}, headers=dict(case.headers))
    headers = {"Content-Type": case.media_type, **case.headers}
    return client.post(url, content=case.body(), headers=headers)


def send_good_file(client: httpx2.Client) -> None:
    """Upload a valid table and delete it again."""
    answer = client.post("/v1/datasets", content=IRIS_LIKE, headers={"Content-Type": "text/csv"})
    assert answer.status_code == 201, answer.text
    assert client.delete(answer.headers["location"]).status_code == 204


def test_corpus_has_its_size_and_unique_ids() -> None:
    assert len(CORPUS) >= 150
    assert len({str(param.id) for param in CORPUS}) == len(CORPUS)


@pytest.mark.parametrize("case", CORPUS)
def test_hostile_upload_is_refused(
    service: WatchedService, client: httpx2.Client, case: Case
) -> None:
    kept = (service.count_rows(), service.files())
    service.watch.start()
    answer = send(client, case)
    spent = service.watch.stop()
    found = problem(answer, case.status)
    assert (found["code"], case.says in found["detail"]) == (case.code, True), found
    assert {error["location"] for error in found["errors"]} <= {case.location}
    assert spent.seconds <= MAX_SECONDS
    assert spent.bytes <= MAX_BYTES
    assert (service.count_rows(), service.files()) == kept


def test_uploaded_code_is_not_executed(client: httpx2.Client) -> None:
    pickle.loads(pickle.dumps(arrays.Trap()))
    assert arrays.TRAP.exists(), "the trap does not work"
    arrays.TRAP.unlink()
    traps = [case for case in arrays.CASES if b"touch" in case.body()]
    assert len(traps) >= 5
    for case in traps:
        problem(send(client, case), case.status)
    assert not arrays.TRAP.exists()
