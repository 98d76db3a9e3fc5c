"""The quota counts what is stored, and rows that a client can add have a bound."""

import io
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, insert, select

from service.app import create_app
from store.db.database import Database
from store.db.tables import losses, stored_bytes
from store.settings import Settings
from tests.schema import make_schema
from workers.sweep.slow_sweep import SlowSweep

TUS = {"Tus-Resumable": "1.0.0"}
CSV = {"Content-Type": "text/csv"}
Serve = Callable[..., TestClient]


@pytest.fixture
def serve(settings: Settings, request: pytest.FixtureRequest) -> Serve:
    """Serve with these settings until the test ends."""

    def serve(**changes: Any) -> TestClient:
        make_schema(settings.database_url)
        client = TestClient(create_app(settings.model_copy(update=changes)))
        client.__enter__()
        request.addfinalizer(lambda: client.__exit__(None, None, None))
        return client

    return serve


def null_columns(rows: int) -> bytes:
    """Return an Arrow file of a few hundred bytes, whatever the number of rows is."""
    sink = io.BytesIO()
    table = pa.table({"a": pa.nulls(rows)})
    with pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue()


def disk_bytes(settings: Settings) -> int:
    return sum(f.stat().st_size for f in (settings.data_dir / "blobs").rglob("*") if f.is_file())


def test_a_small_file_with_a_large_column_file_counts_as_what_it_becomes(
    serve: Serve, settings: Settings
) -> None:
    client = serve(max_stored_bytes=1_000_000)
    data = null_columns(2**20)
    assert len(data) < 1_000
    headers = {"Content-Type": "application/vnd.apache.arrow.file"}
    for _ in range(3):
        answer = client.post("/v1/datasets", content=data, headers=headers)
        assert answer.status_code == 429, answer.text
        assert answer.json()["limit"] == 1_000_000
    assert client.get("/v1/datasets").json()["data"] == []
    assert disk_bytes(settings) == 0


def test_losses_count_after_a_sweep(serve: Serve, settings: Settings) -> None:
    client = serve(max_stored_bytes=100_000)
    dataset = client.post("/v1/datasets", content="a,b\n1,2\n3,4\n", headers=CSV).json()["id"]
    body = {"dataset_id": dataset, "target": "b", "network": {"layers": []}}
    job = client.post("/v1/jobs", json=body).json()["id"]
    database = Database(settings.database_url)
    columns = {"loss": 0.5, "metrics": {}, "learning_rate": 0.1, "seconds": 0.1, "layers": []}
    with database.writing() as session:
        rows = [{"job_id": job, "epoch": epoch, **columns} for epoch in range(1_000)]
        session.execute(insert(losses), rows)
    assert client.post("/v1/jobs", json=body).status_code == 202
    blobs = client.app.state.context.blobs  # type: ignore[attr-defined]
    SlowSweep(database, blobs, 60.0).sweep()
    refused = client.post("/v1/jobs", json=body)
    assert refused.status_code == 429, refused.text
    with database.reading() as session:
        [records] = session.execute(select(stored_bytes.c.records)).scalars()
    assert records > 128_000
    assert refused.json()["used"] > records
    database.close()


def test_without_a_limit_no_counter_is_kept(serve: Serve, settings: Settings) -> None:
    client = serve()
    assert client.post("/v1/datasets", content="a\n1\n", headers=CSV).status_code == 201
    database = Database(settings.database_url)
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(stored_bytes)) == 0
    database.close()


def test_announced_uploads_reserve_nothing_and_have_a_bound(serve: Serve) -> None:
    client = serve(max_stored_bytes=10_000, max_unfinished_uploads=3)
    headers = {**TUS, "Upload-Length": "9000"}
    answers = [client.post("/v1/uploads", headers=headers) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [201, 201, 201, 429]
    refused = answers[-1].json()
    assert (refused["code"], refused["limit"], refused["used"]) == ("limit_reached", 3, 3)
    assert client.post("/v1/datasets", content="a\n1\n", headers=CSV).status_code == 201
    client.delete(answers[0].headers["location"], headers=TUS)
    assert client.post("/v1/uploads", headers=headers).status_code == 201


def test_metadata_of_an_upload_are_bounded(serve: Serve) -> None:
    client = serve()
    headers = {**TUS, "Upload-Length": "9", "Upload-Metadata": f"name {'QUJD' * 2_100}"}
    answer = client.post("/v1/uploads", headers=headers)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["pointer"] == "/upload-metadata"
    assert len(answer.content) < 2_000


def test_tests_of_a_webhook_have_a_bound(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("store.webhooks.deliveries.MAX_TESTS", 2)
    client = serve(webhook_private_addresses=True)
    hook = client.post("/v1/webhooks", json={"url": "http://127.0.0.1:18740/"}).json()
    tests = [client.post(f"/v1/webhooks/{hook['id']}/test") for _ in range(3)]
    assert [answer.status_code for answer in tests] == [202, 202, 429]
    refused = tests[-1].json()
    assert (refused["code"], refused["limit"], refused["used"]) == ("limit_reached", 2, 2)
