"""/v1/jobs/{id}/replay and /v1/replays over HTTP, with a worker's slices in this process."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select, update

from engine.stored.versions import SPEC_VERSION
from store.db.database import Database
from store.db.tables import jobs, losses
from store.environment import environment_fingerprint
from store.settings import Settings
from store.workers import announce_worker
from tests.service.conftest import Train, Upload, problem
from tests.training import train_waiting_jobs

Announce = Callable[..., None]


@pytest.fixture
def database(settings: Settings) -> Iterator[Database]:
    database = Database(settings.database_url)
    yield database
    database.close()


@pytest.fixture
def announce(database: Database) -> Announce:
    """Announce a live worker with this process's environment, or with another."""

    def announce(name: str = "w1", **changes: Any) -> None:
        with database.writing() as session:
            announce_worker(session, name, {**environment_fingerprint(), **changes})

    return announce


def post_replay(client: TestClient, job: dict[str, Any], **headers: str) -> dict[str, Any]:
    answer = client.post(f"/v1/jobs/{job['id']}/replay", headers=headers)
    assert answer.status_code == 202, answer.text
    found: dict[str, Any] = answer.json()
    assert answer.headers["location"] == f"/v1/replays/{found['id']}"
    return found


def test_replay_proves_the_digest(
    client: TestClient, settings: Settings, train: Train, announce: Announce
) -> None:
    job = train()
    assert set(job["digest"]) == {"inputs", "result"}
    announce()
    posted = post_replay(client, job)
    assert (posted["job_id"], posted["status"]) == (job["id"], "queued")
    assert posted["progress"] == {
        "steps_done": 0,
        "steps": job["progress"]["steps"],
        "fraction": 0.0,
    }
    assert posted["verdict"] is None
    assert set(posted["links"]) == {"self", "job", "cancel", "pause"}
    train_waiting_jobs(settings)
    found = client.get(posted["links"]["self"]).json()
    assert (found["status"], found["progress"]["fraction"]) == ("succeeded", 1.0)
    assert found["verdict"] == {
        "identical": True,
        "differs": [],
        "first_differing_epoch": None,
        "divergence": None,
        "digest": job["digest"],
        "expected": job["digest"],
    }
    assert found["environment"] == job["environment"]
    assert set(found["links"]) == {"self", "job"}
    # It is not a job, and leaves no model.
    problem(client.get(f"/v1/jobs/{found['id']}"), 404)
    assert len(client.get("/v1/jobs").json()["data"]) == 1
    assert len(client.get("/v1/models").json()["data"]) == 1


def test_replay_names_the_first_epoch_that_differs(
    client: TestClient, settings: Settings, train: Train, announce: Announce, database: Database
) -> None:
    job = train(epochs=4)
    with database.writing() as session:
        session.execute(update(losses).where(losses.c.epoch == 2).values(loss=0.5))
    announce()
    replay_id = post_replay(client, job)["id"]
    train_waiting_jobs(settings)
    verdict = client.get(f"/v1/replays/{replay_id}").json()["verdict"]
    assert (verdict["identical"], verdict["differs"]) == (False, ["losses"])
    assert verdict["first_differing_epoch"] == 2


def test_lists_are_by_job_and_paged(client: TestClient, train: Train, announce: Announce) -> None:
    announce()
    job, other = train(), train(seed=1)
    ids = [post_replay(client, each)["id"] for each in (job, job, other)]
    listed = client.get("/v1/replays").json()
    assert [item["id"] for item in listed["data"]] == ids[::-1]
    first = client.get(f"/v1/replays?job_id={job['id']}&limit=1&order=asc").json()
    assert [item["id"] for item in first["data"]] == ids[:1]
    rest = client.get(f"/v1/replays?job_id={job['id']}&order=asc&after={first['next']}").json()
    assert [item["id"] for item in rest["data"]] == ids[1:2]
    assert client.get("/v1/replays?job_id=job_none").json()["data"] == []


def test_key_is_answered_once(client: TestClient, train: Train, announce: Announce) -> None:
    announce()
    job = train()
    first, again = (post_replay(client, job, **{"Idempotency-Key": "a"}) for _ in range(2))
    assert first == again
    assert len(client.get("/v1/replays").json()["data"]) == 1


def test_commands(client: TestClient, settings: Settings, train: Train, announce: Announce) -> None:
    announce()
    here = f"/v1/replays/{post_replay(client, train())['id']}"
    assert client.post(f"{here}/pause").json()["status"] == "paused"
    assert client.post(f"{here}/resume").json()["status"] == "queued"
    assert client.post(f"{here}/cancel").json()["status"] == "cancelled"
    assert problem(client.post(f"{here}/pause"), 409)["job_status"] == "cancelled"
    train_waiting_jobs(settings)
    assert client.get(here).json()["verdict"] is None


def test_unknown_ids_are_404(client: TestClient, train: Train, announce: Announce) -> None:
    announce()
    job = train()
    replay = post_replay(client, job)
    assert "no replay" in problem(client.get(f"/v1/replays/{job['id']}"), 404)["detail"]
    assert "no replay" in problem(client.get("/v1/replays/nothing"), 404)["detail"]
    problem(client.post(f"/v1/replays/{job['id']}/cancel"), 404)
    problem(client.post(f"/v1/jobs/{replay['id']}/replay"), 404)
    problem(client.post("/v1/jobs/job_none/replay"), 404)


NOT_REPLAYABLE: list[tuple[dict[str, Any], str, str]] = [
    ({"status": "running"}, "job_not_ended", "it is running"),
    ({"digest": None}, "no_digest", "did not record digests"),
    ({"digest": {"inputs": "0", "result": None}, "model_id": None}, "no_digest", "no model"),
    ({"exact": False}, "inexact", "different bits"),
    (
        {"digest": {"inputs": "0", "result": "1", "spec_version": 0}},
        "unequal_version",
        f"version 0 of the spec, and this service {SPEC_VERSION}",
    ),
    (
        {"spec_version": SPEC_VERSION + 1},
        "later_version",
        f"the spec has version {SPEC_VERSION + 1}",
    ),
    ({"dataset_id": "ds_gone"}, "dataset_gone", "dataset ds_gone"),
    ({"start_from": {"model_id": "mdl_gone"}}, "dataset_gone", "model mdl_gone"),
]


def test_jobs_that_cannot_be_replayed_are_409(
    client: TestClient, train: Train, announce: Announce, database: Database
) -> None:
    announce()
    path = f"/v1/jobs/{train()['id']}/replay"
    with database.reading() as session:
        row = dict(session.execute(select(jobs)).mappings().one())
    for columns, code, words in NOT_REPLAYABLE:
        with database.writing() as session:
            session.execute(update(jobs).values({**row, **columns}))
        found = problem(client.post(path), 409)
        assert found["code"] == code
        assert words in found["detail"]
    assert client.get("/v1/replays").json()["data"] == []


def test_dataset_stays_until_the_replay_has_ended(
    client: TestClient, settings: Settings, train: Train, announce: Announce
) -> None:
    announce()
    job = train()
    post_replay(client, job)
    dataset = job["links"]["dataset"]
    assert problem(client.delete(dataset), 409)["code"] == "dataset_in_use"
    train_waiting_jobs(settings)
    assert client.delete(dataset).status_code == 204
    assert problem(client.post(f"/v1/jobs/{job['id']}/replay"), 409)["code"] == "dataset_gone"


def test_without_a_worker_of_an_equal_environment_the_difference_is_named(
    client: TestClient, train: Train, announce: Announce
) -> None:
    path = f"/v1/jobs/{train()['id']}/replay"
    found = problem(client.post(path), 409)
    assert found["code"] == "no_equal_worker"
    assert "no worker is running" in found["detail"]
    announce("far", blas_kernel="Another", numpy="0.1")
    announce("near", numpy="0.2")
    found = problem(client.post(path), 409)
    assert found["code"] == "no_equal_worker"
    numpy = environment_fingerprint()["numpy"]
    assert f"the nearest is near, with numpy 0.2 (job: {numpy})" in found["detail"]
    announce("equal", hostname="elsewhere")
    assert client.post(path).status_code == 202


def test_unfinished_replays_count_as_jobs(
    client: TestClient, train: Train, announce: Announce, upload: Upload
) -> None:
    announce()
    job = train()
    limited = client.app.state.context.settings  # type: ignore[attr-defined]
    object.__setattr__(limited, "max_unfinished_jobs", 1)
    post_replay(client, job)
    assert problem(client.post(f"/v1/jobs/{job['id']}/replay"), 429)["code"] == "limit_reached"
    body = {"dataset_id": upload()["id"], "target": "kind"}
    problem(client.post("/v1/jobs", json=body), 429)
