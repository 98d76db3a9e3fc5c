"""Idempotency-Key over HTTP: replayed responses on every route that creates a resource."""

import json
import threading
from base64 import b64encode
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import anyio
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select
from starlette.requests import ClientDisconnect

from service.context import Context
from service.idempotency import find_stored_response
from service.runtime.file_readers import FileReader
from service.uploads.create import begin, receive_first
from service.uploads.resumable import Sent
from store.blobs.tensors import pack_arrays
from store.db.tables import datasets, idempotency_keys, jobs, models, uploads
from store.errors import LimitReachedError
from store.idempotency import KeyedRequest
from tests.service.conftest import IRIS_LIKE, Upload, problem
from tests.service.models.test_imports import WEIGHTS, XOR

KEY = {"Idempotency-Key": "3fa85f64"}
CSV = {"Content-Type": "text/csv", **KEY}
TUS = {"Tus-Resumable": "1.0.0"}
PART = {**TUS, "Content-Type": "application/offset+octet-stream"}


@pytest.fixture
def context(client: TestClient) -> Context:
    context: Context = client.app.state.context  # type: ignore[attr-defined]
    return context


def count(context: Context, table: Any) -> int:
    with context.database.reading() as session:
        found: int = session.execute(select(func.count()).select_from(table)).scalar_one()
        return found


def assert_replayed(again: Any, first: Any) -> None:
    """Check that the second response replays the first, byte for byte, and is marked so."""
    assert first.status_code in {201, 202}, first.text
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    assert (again.status_code, again.content) == (first.status_code, first.content)
    for name in ("location", "content-type", "upload-offset", "upload-expires"):
        assert again.headers.get(name) == first.headers.get(name), name


def spec(upload: Upload, **values: Any) -> dict[str, Any]:
    return {"dataset_id": upload()["id"], "target": "kind", "epochs": 2, **values}


def test_job_is_posted_once(client: TestClient, context: Context, upload: Upload) -> None:
    body = spec(upload, name="ünïcode ✓")
    first = client.post("/v1/jobs", json=body, headers=KEY)
    spelled = json.dumps(dict(reversed(body.items())), indent=2)
    header = {**KEY, "Content-Type": "application/json"}
    assert_replayed(client.post("/v1/jobs", content=spelled, headers=header), first)
    assert count(context, jobs) == 1


def test_stored_response_outlives_its_resources(client: TestClient, upload: Upload) -> None:
    body = spec(upload)
    first = client.post("/v1/jobs", json=body, headers=KEY)
    assert client.post(first.json()["links"]["cancel"]).json()["status"] == "cancelled"
    assert client.delete(f"/v1/datasets/{body['dataset_id']}").status_code == 204
    assert_replayed(client.post("/v1/jobs", json=body, headers=KEY), first)


def test_another_request_with_the_same_key_is_422(client: TestClient, upload: Upload) -> None:
    body = spec(upload)
    assert client.post("/v1/jobs", json=body, headers=KEY).status_code == 202
    for other in (
        client.post("/v1/jobs", json={**body, "epochs": 3}, headers=KEY),
        client.post("/v1/jobs?x=1", json=body, headers=KEY),
        client.post("/v1/datasets", content=IRIS_LIKE, headers=CSV),
        client.post("/v1/uploads", headers={**TUS, **KEY, "Upload-Length": "4"}),
    ):
        assert problem(other, 422)["code"] == "idempotency_key_reused"


def test_request_that_was_refused_is_not_kept(
    client: TestClient, context: Context, upload: Upload
) -> None:
    body = spec(upload)
    problem(client.post("/v1/jobs", json={**body, "target": "nope"}, headers=KEY), 422)
    assert count(context, idempotency_keys) == 0
    answer = client.post("/v1/jobs", json=body, headers=KEY)
    assert (answer.status_code, answer.headers.get("idempotency-replayed")) == (202, None)


def test_requests_without_a_key_are_not_kept(
    client: TestClient, context: Context, upload: Upload
) -> None:
    body = spec(upload)
    first, second = (client.post("/v1/jobs", json=body).json()["id"] for _ in range(2))
    assert first != second
    assert count(context, idempotency_keys) == 0


@pytest.mark.parametrize("path", ["/v1/jobs", "/v1/datasets", "/v1/models", "/v1/uploads"])
def test_invalid_key_is_422(client: TestClient, context: Context, path: str) -> None:
    sent = {b"Content-Type": b"application/json", b"Tus-Resumable": b"1.0.0"}
    for key in (b"", b"x" * 256, b"x" * 10_000, b"caf\xc3\xa9", b"a\tb"):
        answer = client.post(path, content=b"{}", headers={**sent, b"Idempotency-Key": key})
        where = [(e["location"], e["pointer"]) for e in problem(answer, 422)["errors"]]
        assert ("header", "/Idempotency-Key") in where, key
    assert count(context, idempotency_keys) == 0


def test_longest_key_is_taken(client: TestClient) -> None:
    longest = {"Idempotency-Key": "~ !" * 85}
    answers = [
        client.post("/v1/datasets", content="a\n1\n", headers={**CSV, **longest}) for _ in range(2)
    ]
    assert_replayed(answers[1], answers[0])


def test_nesting_of_any_depth_is_refused_as_without_a_key(client: TestClient) -> None:
    header = {**KEY, "Content-Type": "application/json"}
    for depth in (400, *range(930, 1010, 10)):
        text = '{"target": ' + "[" * depth + "]" * depth + "}"
        problem(client.post("/v1/jobs", content=text, headers=header), 422)
    # One of these depths can just be parsed, but not serialized again.
    for depth in range(900, 1010):
        text = "[" * depth + "]" * depth
        problem(client.post("/v1/jobs", content=text, headers=header), 422)


def test_dataset_is_created_once(client: TestClient, context: Context) -> None:
    first = client.post("/v1/datasets?name=a", content=IRIS_LIKE, headers=CSV)
    assert_replayed(client.post("/v1/datasets?name=a", content=IRIS_LIKE, headers=CSV), first)
    for other in (
        client.post("/v1/datasets?name=a", content=f"{IRIS_LIKE}\n1,red,a", headers=CSV),
        client.post("/v1/datasets?name=b", content=IRIS_LIKE, headers=CSV),
        client.post("/v1/datasets?name=a", files={"file": ("a.csv", IRIS_LIKE)}, headers=KEY),
    ):
        assert problem(other, 422)["code"] == "idempotency_key_reused"
    assert count(context, datasets) == 1


def test_dataset_that_shares_its_columns_is_made_once(
    client: TestClient, context: Context, upload: Upload
) -> None:
    upload()
    first = client.post("/v1/datasets", content=IRIS_LIKE, headers=CSV)
    assert_replayed(client.post("/v1/datasets", content=IRIS_LIKE, headers=CSV), first)
    assert count(context, datasets) == 2


def test_two_at_once_that_both_read_the_file_make_one_dataset(
    client: TestClient, context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    both = threading.Barrier(2)
    read_table = FileReader.read_table

    def read(*arguments: Any) -> Any:
        table = read_table(*arguments)
        both.wait(10)
        return table

    monkeypatch.setattr(FileReader, "read_table", read)
    with ThreadPoolExecutor(2) as pool:
        answers = list(
            pool.map(
                lambda _: client.post("/v1/datasets", content=IRIS_LIKE, headers=CSV), range(2)
            )
        )
    answers.sort(key=lambda answer: "idempotency-replayed" in answer.headers)
    assert_replayed(answers[1], answers[0])
    assert count(context, datasets) == 1
    assert len(context.blobs.list_blobs("datasets")) == 1


def test_dataset_of_a_resumable_upload_is_made_once_although_that_is_gone(
    client: TestClient, context: Context
) -> None:
    length = {"Upload-Length": str(len(IRIS_LIKE))}
    location = client.post("/v1/uploads", headers={**PART, **length}, content=IRIS_LIKE).headers[
        "location"
    ]
    query = f"/v1/datasets?upload={location.rpartition('/')[2]}&format=csv"
    first = client.post(query, headers=KEY)
    assert client.head(location, headers=TUS).status_code == 404
    assert_replayed(client.post(query, headers=KEY), first)
    problem(client.post(query), 404)
    assert count(context, datasets) == 1


def import_xor(client: TestClient, **headers: str) -> Any:
    files = {"weights": ("weights.safetensors", pack_arrays(WEIGHTS))}
    return client.post("/v1/models", data={"model": json.dumps(XOR)}, files=files, headers=headers)


def test_model_is_imported_once(client: TestClient, context: Context) -> None:
    first = import_xor(client, **KEY)
    assert_replayed(import_xor(client, **KEY), first)
    assert count(context, models) == 1
    assert import_xor(client).json()["id"] != first.json()["id"]


def test_resumable_upload_is_begun_once(client: TestClient, context: Context) -> None:
    described = {"Upload-Metadata": f"filename {b64encode(b'a.csv').decode()}"}
    headers = {**TUS, **KEY, "Upload-Length": "400", **described}
    first = client.post("/v1/uploads", headers=headers)
    assert_replayed(client.post("/v1/uploads", headers=headers), first)
    other = client.post("/v1/uploads", headers={**headers, "Upload-Length": "401"})
    assert problem(other, 422)["code"] == "idempotency_key_reused"
    assert count(context, uploads) == 1


def test_first_bytes_of_an_upload_are_kept_once(client: TestClient, context: Context) -> None:
    headers = {**PART, **KEY, "Upload-Length": "400"}
    first = client.post("/v1/uploads", headers=headers, content=b"x" * 100)
    assert first.headers["upload-offset"] == "100"
    assert_replayed(client.post("/v1/uploads", headers=headers, content=b"x" * 100), first)
    assert len(context.blobs.list_blobs("uploads")) == 1


def test_first_bytes_that_are_wrong_leave_no_key(client: TestClient, context: Context) -> None:
    headers = {**PART, **KEY, "Upload-Length": "4"}
    problem(client.post("/v1/uploads", headers=headers, content=b"12345"), 413)
    assert (count(context, uploads), count(context, idempotency_keys)) == (0, 0)


def test_upload_that_was_cut_off_is_found_again_by_its_key(context: Context) -> None:
    keyed = KeyedRequest("key", "a" * 64, 60)

    async def cut_off() -> AsyncIterator[bytes]:
        yield b"x" * 100
        raise ClientDisconnect

    begun = begin(context, 400, {}, keyed)
    with pytest.raises(ClientDisconnect):
        anyio.run(receive_first, context, begun, Sent(0, 400, cut_off()), keyed)
    kept = find_stored_response(context, keyed)
    assert kept is not None
    assert kept.headers["Location"] == begun.headers["Location"]
    assert kept.headers["Upload-Offset"] == "100"


def test_key_of_a_failed_transaction_is_free(
    client: TestClient, context: Context, upload: Upload, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> None:
        monkeypatch.undo()
        raise LimitReachedError("unfinished jobs", 0, 0)

    monkeypatch.setattr("service.jobs.create.check_unfinished_jobs", refuse)
    body = spec(upload)
    assert problem(client.post("/v1/jobs", json=body, headers=KEY), 429)["code"] == "limit_reached"
    assert client.post("/v1/jobs", json=body, headers=KEY).status_code == 202
    assert count(context, jobs) == 1
