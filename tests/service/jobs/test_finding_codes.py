"""Every finding reaches the job: in the response to its creation, or once its rows are read."""

import io
from typing import Any

import pyarrow as pa
import pytest
from fastapi.testclient import TestClient
from pyarrow import parquet

from engine.data.table import Column, NumericColumn
from engine.findings import FindingCode
from store.settings import Settings
from tests.engine.finding_examples import EXAMPLES
from tests.training import train_waiting_jobs

PARQUET = {"Content-Type": "application/vnd.apache.parquet"}


def write_parquet(columns: dict[str, Column]) -> bytes:
    arrays = {name: as_arrow(column) for name, column in columns.items()}
    file = io.BytesIO()
    parquet.write_table(pa.table(arrays), file)
    return file.getvalue()


def as_arrow(column: Column) -> pa.Array:
    if isinstance(column, NumericColumn):
        return pa.array(column.values, from_pandas=True)
    return pa.array([None if code < 0 else column.levels[code] for code in column.codes])


def key(finding: dict[str, Any]) -> tuple[str, str]:
    return finding["code"], finding["pointer"]


@pytest.mark.parametrize("code", EXAMPLES)
def test_a_job_has_the_finding(client: TestClient, settings: Settings, code: FindingCode) -> None:
    example = EXAMPLES[code]
    upload = client.post("/v1/datasets", content=write_parquet(example.columns), headers=PARQUET)
    body = {"dataset_id": upload.json()["id"], "epochs": 1, **example.request}
    validated = client.post("/v1/jobs/validate", json=body).json()["findings"]
    posted = client.post("/v1/jobs", json=body)
    assert posted.status_code == 202, posted.text
    assert posted.json()["findings"] == validated
    if example.stage == "request":
        assert code in {finding["code"] for finding in validated}
    train_waiting_jobs(settings)
    job = client.get(posted.headers["Location"]).json()
    assert job["findings"][: len(validated)] == validated
    keys = [key(finding) for finding in job["findings"]]
    assert code in {code for code, _ in keys}
    assert len(set(keys)) == len(keys)
