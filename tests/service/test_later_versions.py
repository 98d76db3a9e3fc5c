"""Jobs, checkpoints, models and datasets that a later version has stored, over HTTP."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Table, select, update

from engine.stored.versions import SPEC_VERSION
from service.app import create_app
from store.blobs.tensors import pack_arrays
from store.db.database import Database
from store.db.tables import checkpoints, datasets, jobs, models
from store.settings import Settings, load_settings
from store.statuses import JobStatus
from tests.schema import make_schema
from tests.service.conftest import IRIS_LIKE, Train, Upload, problem
from tests.service.models.test_imports import WEIGHTS, XOR, as_import, send
from tests.training import train_waiting_jobs

LATER = SPEC_VERSION + 1
STORED_SPEC = {"rounds": 2, "nets": [{"sort": "dense"}]}
STORED_PREPROCESSING = {"features": ["width"]}
BOTH_VERSIONS = (
    f"has version {LATER}; this version of backpropd reads versions up to {SPEC_VERSION}"
)


@contextmanager
def open_database(settings: Settings) -> Iterator[Database]:
    database = Database(settings.database_url)
    yield database
    database.close()


@dataclass
class Stored:
    """A trained job, its model and its dataset, all rows of which a later version has stored."""

    client: TestClient
    settings: Settings
    job: dict[str, Any]

    @property
    def job_url(self) -> str:
        return str(self.job["links"]["self"])

    @property
    def model_url(self) -> str:
        return f"/v1/models/{self.job['model_id']}"

    def set_status(self, status: JobStatus) -> None:
        with open_database(self.settings) as database, database.writing() as session:
            session.execute(update(jobs).values(status=status))

    def refusal(self, method: str, url: str, body: Any = None) -> dict[str, Any]:
        """Return the problem of a request that needs to read stored values."""
        found = problem(self.client.request(method, url, json=body), 409)
        assert found["code"] == "later_version"
        assert BOTH_VERSIONS in found["detail"]
        return found


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """A data folder with a job that has checkpoints and a model, and the job."""
    folder = tmp_path_factory.mktemp("trained")
    settings = load_settings(data_dir=folder, checkpoint_seconds=0.0)
    make_schema(settings.database_url)
    with TestClient(create_app(settings)) as client:
        csv = {"Content-Type": "text/csv"}
        dataset = client.post("/v1/datasets", content=IRIS_LIKE, headers=csv).json()
        body = {"dataset_id": dataset["id"], "target": "kind", "epochs": 2}
        posted = client.post("/v1/jobs", json=body).json()
        train_waiting_jobs(settings)
        return folder, client.get(posted["links"]["self"]).json()


@pytest.fixture
def later(trained: tuple[Path, dict[str, Any]], tmp_path: Path) -> Iterator[Stored]:
    folder, job = trained
    settings = load_settings(data_dir=shutil.copytree(folder, tmp_path / "data"))
    with open_database(settings) as database, database.writing() as session:
        session.execute(update(jobs).values(spec=STORED_SPEC, spec_version=LATER))
        fitted = {"preprocessing": STORED_PREPROCESSING}
        session.execute(update(models).values(spec=STORED_SPEC, spec_version=LATER, **fitted))
        session.execute(update(checkpoints).values(numbers=fitted, spec_version=LATER))
    with TestClient(create_app(settings)) as client:
        yield Stored(client, settings, job)


def test_job_is_shown_with_its_spec_as_stored(later: Stored) -> None:
    shown = later.client.get(later.job_url).json()
    assert shown["spec"] == {**STORED_SPEC, "dataset_id": later.job["spec"]["dataset_id"]}
    assert shown["spec_version"] == LATER
    progress = shown["progress"]
    assert (progress["epoch"], progress["epochs"], progress["fraction"]) == (2, None, None)
    assert later.client.get("/v1/jobs").json()["data"] == [{**shown, "omitted": []}]
    # Steps of a spec that is not known cannot be explained.
    assert shown["links"].items() < later.job["links"].items()
    assert not any("explain" in name for name in shown["links"])
    known = {"spec", "spec_version", "progress", "links"}
    assert {name: shown[name] for name in shown.keys() - known} == {
        name: later.job[name] for name in later.job.keys() - known
    }


def test_model_is_shown_with_its_values_as_stored(later: Stored) -> None:
    shown = later.client.get(later.model_url).json()
    assert (shown["spec"], shown["preprocessing"]) == (STORED_SPEC, STORED_PREPROCESSING)
    assert (shown["spec_version"], shown["classes"]) == (LATER, None)
    assert later.client.get("/v1/models").json()["data"] == [{**shown, "omitted": []}]


@pytest.mark.parametrize(
    ("table", "values", "path"),
    [
        (jobs, {"status_reason": "rounds_done"}, "/v1/jobs"),
        (jobs, {"cross_validation": {"folds": [{"k": 1}]}}, "/v1/jobs"),
        (jobs, {"latest_metrics": {"m": {"nested": {}}}}, "/v1/jobs"),
        (jobs, {"rows": {"parts": {"training": 3}}}, "/v1/jobs"),
        (jobs, {"start_from": {"run_id": "x"}}, "/v1/jobs"),
        (jobs, {"error": {"kind": "x"}}, "/v1/jobs"),
        (models, {"cross_validation": {"folds": "x"}}, "/v1/models"),
        (models, {"metrics": {"m": "high"}}, "/v1/models"),
        (checkpoints, {"metrics": {"m": "high"}}, None),
    ],
    ids=lambda value: ", ".join(value) if isinstance(value, dict) else "",
)
def test_unknown_forms_of_values_are_not_shown(
    later: Stored, table: Table, values: dict[str, Any], path: str | None
) -> None:
    with open_database(later.settings) as database, database.writing() as session:
        session.execute(update(table).values(**values))
    found = later.client.get(path or f"{later.job_url}/checkpoints")
    assert found.status_code == 200
    (shown, *_) = found.json()["data"]
    (name,) = values
    place, key = (shown["metrics"], "latest") if name == "latest_metrics" else (shown, name)
    assert place[key] in (None, {}, {"test": None})


@pytest.mark.parametrize("path", ["/losses", "/checkpoints", "/weights"])
def test_what_needs_no_spec_is_still_served(later: Stored, path: str) -> None:
    assert later.client.get(f"{later.job_url}{path}").status_code == 200


def test_prediction_is_409(later: Stored) -> None:
    later.refusal("POST", f"{later.model_url}/predict", {"rows": [{"width": 1.5}]})


@pytest.mark.parametrize("path", ["/v1/jobs", "/v1/jobs/validate"])
@pytest.mark.parametrize("source", ["model_id", "job_id"])
def test_start_from_a_later_version_is_409(later: Stored, path: str, source: str) -> None:
    start_from = {source: later.job["model_id" if source == "model_id" else "id"]}
    body = {"dataset_id": later.job["spec"]["dataset_id"], "target": "kind"}
    later.refusal("POST", path, {**body, "start_from": start_from})


def test_start_from_a_later_checkpoint_of_a_readable_job_is_409(later: Stored) -> None:
    with open_database(later.settings) as database, database.writing() as session:
        spec = {name: value for name, value in later.job["spec"].items() if name != "dataset_id"}
        session.execute(update(jobs).values(spec=spec, spec_version=SPEC_VERSION))
        # The version is checked before any value is read.
        session.execute(update(checkpoints).values(numbers={"rounds": 3}))
    body = {"dataset_id": later.job["spec"]["dataset_id"], "target": "kind"}
    later.refusal("POST", "/v1/jobs", {**body, "start_from": {"job_id": later.job["id"]}})


@pytest.mark.parametrize(
    ("status", "command"),
    [
        (JobStatus.FAILED, "retry"),
        (JobStatus.FAILED, "retry?from=start"),
        (JobStatus.PAUSED, "resume"),
    ],
)
def test_job_is_not_queued_again(later: Stored, status: JobStatus, command: str) -> None:
    later.set_status(status)
    later.refusal("POST", f"{later.job_url}/{command}")
    assert later.client.get(later.job_url).json()["status"] == status


@pytest.mark.parametrize("command", ["pause", "cancel"])
def test_queued_job_is_paused_and_cancelled(later: Stored, command: str) -> None:
    later.set_status(JobStatus.QUEUED)
    assert later.client.post(f"{later.job_url}/{command}").status_code == 202


def test_dataset_is_listed_and_deleted_and_its_columns_are_409(
    client: TestClient, settings: Settings, upload: Upload
) -> None:
    url = f"/v1/datasets/{upload()['id']}"
    with open_database(settings) as database, database.writing() as session:
        session.execute(update(datasets).values(spec_version=LATER, columns=[{"heading": "width"}]))
    stored = Stored(client, settings, {})
    for path in ("", "/rows", "/columns/width"):
        stored.refusal("GET", url + path)
    body = {"dataset_id": url.rpartition("/")[2], "target": "kind"}
    stored.refusal("POST", "/v1/jobs", body)
    # Equal bytes do not share its column file.
    assert upload(IRIS_LIKE)["columns"]
    with open_database(settings) as database, database.reading() as session:
        found = session.execute(select(datasets.c.spec_version)).scalars()
        assert sorted(found) == [SPEC_VERSION, LATER]
    assert len(client.get("/v1/datasets").json()["data"]) == 2
    assert client.delete(url).status_code == 204


def test_model_shown_by_a_later_version_is_not_imported(client: TestClient) -> None:
    described = {"spec_version": LATER, **XOR, "renamed": {"sort": "dense"}}
    found = problem(send(client, described, pack_arrays(WEIGHTS)), 422)
    first = found["errors"][0]
    assert (first["pointer"], first["code"]) == ("/spec_version", "later_version")
    assert BOTH_VERSIONS in first["detail"]
    assert BOTH_VERSIONS in found["detail"]


def test_model_shown_by_this_version_is_imported(client: TestClient, train: Train) -> None:
    model = client.get(f"/v1/models/{train()['model_id']}").json()
    described = {"spec_version": model["spec_version"], **as_import(model)}
    assert model["spec_version"] == SPEC_VERSION
    weights = client.get(model["links"]["weights"]).content
    assert send(client, described, weights).status_code == 201
