"""POST /v1/jobs/{id}/explain: any step of a job."""

from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import update

from engine.stored.versions import SPEC_VERSION
from store.blobs.tensors import unpack_arrays
from store.db.database import Database
from store.db.tables import jobs
from store.jobs.jobs import NewJob, add_job
from store.settings import Settings
from tests.service.conftest import Train, Upload, problem
from tests.service.explain.conftest import SMALL, Trained
from tests.training import open_worker_context
from workers.slices import run_slice

PARAMETERS = ["layers.0.weight", "layers.0.bias", "output.weight", "output.bias"]


def explain(client: TestClient, job_id: str, step: int, **body: Any) -> dict[str, Any]:
    answer = client.post(f"/v1/jobs/{job_id}/explain", json={"step": step, **body})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def matrices(explanation: dict[str, Any], values: str) -> dict[str, list[float]]:
    return {
        parameter["name"]: parameter[values]
        for layer in explanation["layers"]
        for parameter in layer["parameters"]
    }


def test_steps_lead_from_the_initial_weights_to_those_of_the_model(trained: Trained) -> None:
    job, client = trained.job, trained.client
    weights = unpack_arrays(client.get(f"/v1/jobs/{job['id']}/weights").content)
    expected = {name: array.reshape(-1).tolist() for name, array in weights.items()}
    assert job["progress"]["steps"] == 9
    for step in reversed(range(9)):
        found = trained.explain(step, matrices=PARAMETERS)
        assert (found["exact"], found["inexact_because"]) == (True, None)
        assert found["at"] == {
            "fold": None,
            "step": step,
            "epoch": step // 3,
            "step_in_epoch": step % 3,
            "steps_per_epoch": 3,
            "steps": 9,
        }
        assert (found["origin"]["kind"], found["origin"]["replayed_steps"]) == ("start", step)
        before = matrices(found["explanation"], "values")
        changes = matrices(found["explanation"], "changes")
        for name, after in expected.items():
            moved = [one + other for one, other in zip(before[name], changes[name], strict=True)]
            assert moved == pytest.approx(after, rel=1e-14)
        expected = before


def test_steps_of_folds_are_named_by_their_fold(here: TestClient, train: Train) -> None:
    job = train(**SMALL, validation={"folds": 3})
    for fold in (0, 2, None):
        found = explain(here, job["id"], 2, fold=fold)
        assert (found["at"]["fold"], found["at"]["step"]) == (fold, 2)
    assert found["origin"] == {**found["origin"], "fold": 0, "step": 0}
    error = problem(here.post(f"/v1/jobs/{job['id']}/explain", json={"step": 2, "fold": 3}), 404)
    assert "3 folds, counted from 0" in error["detail"]


def test_step_beyond_the_end_names_those_that_exist(trained: Trained) -> None:
    error = problem(trained.post(5000), 404)
    assert error["code"] == "step_not_found"
    assert "step 5000 does not exist" in error["detail"]
    assert error["last_step"] == {"step": trained.job["progress"]["steps"] - 1}
    assert "9 steps (0…8)" in error["detail"]
    assert error["errors"][0]["pointer"] == "/step"


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/step"),
        ({"step": -1}, "/step"),
        ({"step": 1.5}, "/step"),
        ({"step": "1"}, "/step"),
        ({"step": 0, "fold": -1}, "/fold"),
        ({"step": 0, "top": 10**6}, "/top"),
        ({"step": 0, "layers": ["layers.1"]}, "/layers/0"),
        ({"step": 0, "units": {"layers.0": [4]}}, "/units/layers.0/0"),
        ({"step": 0, "matrices": ["output.wieght"]}, "/matrices/0"),
    ],
)
def test_what_is_wrong_is_named(trained: Trained, body: dict[str, Any], pointer: str) -> None:
    path = f"/v1/jobs/{trained.job['id']}/explain"
    found = problem(trained.client.post(path, json=body), 422)
    assert found["errors"][0]["pointer"] == pointer


def test_unknown_jobs_and_ids_of_other_kinds_are_not_found(
    here: TestClient, settings: Settings, upload: Upload
) -> None:
    database = Database(settings.database_url)
    with database.writing() as session:
        other = add_job(session, NewJob("other", upload()["id"], "job", {}, {}))
    database.close()
    for job_id in ("job_unknown", "mdl_1", other.id):
        answer = here.post(f"/v1/jobs/{job_id}/explain", json={"step": 0})
        assert problem(answer, 404)["code"] == "not_found"


def test_first_step_of_a_queued_job_is_the_one_that_it_will_do(
    here: TestClient, settings: Settings, upload: Upload
) -> None:
    body = {"dataset_id": upload()["id"], "target": "kind", **SMALL}
    job_id = here.post("/v1/jobs", json=body).json()["id"]
    before = explain(here, job_id, 0)
    assert before["exact"] is False
    assert before["inexact_because"]["code"] == "not_done"
    problem(here.post(f"/v1/jobs/{job_id}/explain", json={"step": 1}), 404)
    worker = open_worker_context(settings)
    run_slice(worker)
    worker.database.close()
    after = explain(here, job_id, 0)
    assert after["exact"] is True
    assert after["explanation"] == before["explanation"]


def test_the_step_in_which_a_job_diverged_is_explained(here: TestClient, train: Train) -> None:
    rate = {"type": "sgd", "learning_rate": 1e3}
    spec = SMALL | {"batch_size": 4, "loss": "mean_squared_error", "optimizer": rate}
    job = train(**spec, target="width")
    assert job["status_reason"] == "diverged"
    found = explain(here, job["id"], job["progress"]["steps"])
    assert found["explanation"]["diverged_in"] == job["error"]["data"]["layer"]
    assert found["explanation"]["loss"]["value"] is None


def test_job_of_a_later_version_is_refused(
    here: TestClient, settings: Settings, train: Train
) -> None:
    job = train(**SMALL)
    database = Database(settings.database_url)
    with database.writing() as session:
        session.execute(update(jobs).values(spec_version=SPEC_VERSION + 1))
    database.close()
    error = problem(here.post(f"/v1/jobs/{job['id']}/explain", json={"step": 0}), 409)
    assert error["code"] == "later_version"


def test_job_whose_dataset_is_gone_explains_a_row_of_the_client(
    here: TestClient, train: Train
) -> None:
    job = train(**SMALL)
    own = {"rows": {"values": {"width": 1.5, "colour": "red"}, "target": "a"}}
    before = explain(here, job["id"], 0, **own)
    dataset_id = job["spec"]["dataset_id"]
    assert here.delete(f"/v1/datasets/{dataset_id}").status_code == 204
    for rows in ("batch", [7]):
        error = problem(
            here.post(f"/v1/jobs/{job['id']}/explain", json={"step": 0, "rows": rows}), 409
        )
        assert error["code"] == "dataset_gone"
        assert f"dataset {dataset_id}" in error["detail"]
        assert "step 0 can still be explained, with a row of your own" in error["detail"]
        assert error["kept_steps"] == [{"step": 0}]
    error = problem(here.post(f"/v1/jobs/{job['id']}/explain", json={"step": 3, **own}), 409)
    assert error["code"] == "dataset_gone"
    after = explain(here, job["id"], 0, **own)
    assert after["explanation"] == before["explanation"]
    assert after["rows"] == before["rows"]
    assert (after["exact"], after["origin"]["kind"]) == (True, "start")


@pytest.mark.parametrize("coding", ["gzip", "deflate", "identity"])
def test_answers_are_compressed_for_clients_that_accept_it(trained: Trained, coding: str) -> None:
    path = f"/v1/jobs/{trained.job['id']}/explain"
    headers = {"Accept-Encoding": coding}
    answer = trained.client.post(path, json={"step": 0}, headers=headers)
    assert answer.headers.get("content-encoding", "identity") == coding
    assert answer.headers["vary"] == "Accept-Encoding"
    received = int(answer.headers["content-length"])
    assert received * (1 if coding == "identity" else 2) <= len(answer.content)
