"""Conformance to the OpenAPI document: every request it permits gets a response it describes.

On PostgreSQL, which is stricter than SQLite.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import httpx2
import pytest

from store.db.migrate import upgrade
from store.settings import load_settings
from tests.servers import serving
from tests.service.conftest import IRIS_LIKE
from tests.training import train_waiting_jobs


@dataclass(frozen=True)
class Service:
    """A real server with a dataset, a finished job and its model."""

    url: str
    dataset_id: str
    ids: dict[str, str]


@pytest.fixture(scope="module")
def service(postgres_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("openapi")
    for name in ("messages", "control"):
        (folder / "queue" / name).mkdir(parents=True)
    settings = load_settings(
        data_dir=folder,
        database_url=postgres_url,
        broker_url=f"filesystem://{folder / 'queue'}",
        max_job_memory_bytes=2**26,
        webhook_private_addresses=True,
    )
    upgrade(settings.database_url)
    with serving(settings, folder / "log") as url, httpx2.Client(base_url=url) as client:
        csv = {"Content-Type": "text/csv"}
        dataset = client.post("/v1/datasets", content=IRIS_LIKE, headers=csv).json()["id"]
        spec = {"dataset_id": dataset, "target": "kind", "epochs": 1}
        job = client.post("/v1/jobs", json=spec).json()["id"]
        train_waiting_jobs(settings)
        model = client.get(f"/v1/jobs/{job}").json()["model_id"]
        tus = {"Tus-Resumable": "1.0.0", "Upload-Length": "1000000"}
        upload = client.post("/v1/uploads", headers=tus).json()["id"]
        # No process listens on this port.
        hook = client.post("/v1/webhooks", json={"url": "http://127.0.0.1:9/"}).json()["id"]
        ids = {"job_id": job, "model_id": model, "upload_id": upload, "webhook_id": hook}
        ids |= {"model_name": model, "model_version": "1"}
        yield Service(url, dataset, ids)
    assert "Traceback" not in (folder / "log").read_text()


# Known ids let a request's other errors show, which an unknown id would hide.
@pytest.mark.parametrize(
    ("ids", "mode"),
    [
        pytest.param("as_made", "positive", marks=pytest.mark.rare),
        pytest.param("known", "positive", marks=pytest.mark.rare),
        ("known", "negative"),
    ],
)
def test_every_answer_is_described(
    service: Service, mode: str, ids: str, subtests: pytest.Subtests
) -> None:
    from tests.service import described  # noqa: PLC0415 - see there

    def prepare(case: described.Case) -> described.Case:
        if ids == "as_made":
            return case
        return described.fill_in(case, service.dataset_id, service.ids)

    checked, examples = [], 2 if mode == "negative" else described.FEW
    for operation in described.list_operations(f"{service.url}/openapi.json", mode):
        with subtests.test(operation.label):
            if described.check(operation, mode, prepare, examples=examples):
                checked.append(operation.label)
    assert {"POST /v1/jobs", "POST /v1/models/{model_id}/predict"} <= set(checked)
