"""The OpenAPI document holds: whatever it lets a client send gets an answer that it describes.

On PostgreSQL, which refuses more than SQLite does.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeAlias

import httpx2
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from store.schema import upgrade
from store.settings import load_settings
from tests.servers import serving
from tests.service.conftest import IRIS_LIKE
from tests.training import train_waiting_jobs

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
EXAMPLES = settings(
    max_examples=3,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)

# Bytes to us, and to schemathesis when it is told.
schemathesis.serializer.alias("application/offset+octet-stream", "application/octet-stream")

Case: TypeAlias = "schemathesis.Case[Any]"
Prepare = Callable[[Case, "Service"], Case]


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
        # A port at which nobody is.
        hook = client.post("/v1/webhooks", json={"url": "http://127.0.0.1:9/"}).json()["id"]
        ids = {"job_id": job, "model_id": model, "upload_id": upload, "webhook_id": hook}
        yield Service(url, dataset, ids)
    assert "Traceback" not in (folder / "log").read_text()


def known(case: Case, service: Service) -> Case:
    """The case, about what exists."""
    for name in case.path_parameters:
        case.path_parameters[name] = service.ids.get(name, case.path_parameters[name])
    if isinstance(case.body, dict) and "dataset_id" in case.body:
        case.body |= {"dataset_id": service.dataset_id, "target": "kind"}
    return case


def as_made(case: Case, service: Service) -> Case:
    """The case as it was made, about nothing that exists."""
    assert service
    return case


# What is wrong with a request shows best where nothing else is, such as an id that is not known.
@pytest.mark.parametrize(
    ("prepare", "mode"),
    [
        (as_made, GenerationMode.POSITIVE),
        (known, GenerationMode.POSITIVE),
        (known, GenerationMode.NEGATIVE),
    ],
)
def test_every_answer_is_described(
    service: Service, mode: GenerationMode, prepare: Prepare, subtests: pytest.Subtests
) -> None:
    schema = schemathesis.openapi.from_url(f"{service.url}/openapi.json")
    checked = []
    for found in schema.get_all_operations():
        assert isinstance(found, Ok)
        operation = found.ok()
        # Of a request without a body or a query nothing can be wrong.
        with subtests.test(operation.label), suppress(Unsatisfiable):
            check(operation, mode, lambda case: prepare(case, service))
            checked.append(operation.label)
    assert {"POST /v1/jobs", "POST /v1/models/{model_id}/predict"} <= set(checked)


def check(operation: Any, mode: GenerationMode, prepare: Callable[[Case], Case]) -> None:
    @EXAMPLES
    @given(case=operation.as_strategy(generation_mode=mode))
    def run(case: Case) -> None:
        prepare(case).call_and_validate(checks=CHECKS)

    run()
