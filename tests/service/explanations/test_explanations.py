"""/v1/explanations over HTTP, with a worker's slices in this process."""

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from store.db.database import Database
from store.db.tables import checkpoints
from store.jobs.explanation.new_explanation import Question, add_explanation
from store.jobs.jobs import get_job
from store.settings import Settings
from store.statuses import TRAINING
from tests.service.conftest import Train, problem
from tests.training import train_waiting_jobs


@pytest.fixture
def database(settings: Settings) -> Iterator[Database]:
    database = Database(settings.database_url)
    yield database
    database.close()


def add(database: Database, job_id: str, step: int) -> str:
    question = Question(step, None, {"rows": "batch"}, from_step=0, steps=step)
    with database.writing() as session:
        return add_explanation(session, get_job(session, job_id, TRAINING), question)[0].id


def test_explanation_reports_progress_and_links_the_answer_while_its_state_is_kept(
    client: TestClient, settings: Settings, train: Train, database: Database
) -> None:
    job = train(epochs=6)
    first = add(database, job["id"], 1)
    here = f"/v1/explanations/{first}"
    found = client.get(here).json()
    assert (found["status"], found["job_id"], found["is_kept"]) == ("queued", job["id"], False)
    assert found["position"] == {"fold": None, "step": 1, "from_step": 0}
    assert found["request"] == {"rows": "batch"}
    assert found["progress"] == {"steps_done": 0, "steps": 1, "fraction": 0.0}
    assert found["links"] == {
        "self": here,
        "job": f"/v1/jobs/{job['id']}",
        "cancel": f"{here}/cancel",
    }
    train_waiting_jobs(settings)
    found = client.get(here).json()
    assert (found["status"], found["is_kept"], found["exact"]) == ("succeeded", True, True)
    assert found["progress"] == {"steps_done": 1, "steps": 1, "fraction": 1.0}
    assert found["links"]["answer"] == f"{here}/answer"
    for step in (2, 2, 3, 4):
        add(database, job["id"], step)
        train_waiting_jobs(settings)
    # Explanations of one step share its state.
    listed = client.get(f"/v1/explanations?job_id={job['id']}").json()["data"]
    assert [item["is_kept"] for item in listed] == [True] * 5
    with database.reading() as session:
        states = session.execute(select(checkpoints.c.steps)).scalars().all()
    assert sorted(states) == [1, 2, 3, 4]
    add(database, job["id"], 5)
    train_waiting_jobs(settings)
    found = client.get(here).json()
    assert (found["is_kept"], found["progress"]["steps"]) == (False, 1)
    assert set(found["links"]) == {"self", "job"}


def test_cancel_and_unknown_ids(client: TestClient, train: Train, database: Database) -> None:
    job = train()
    here = f"/v1/explanations/{add(database, job['id'], 1)}"
    assert client.post(f"{here}/cancel").json()["status"] == "cancelled"
    assert problem(client.post(f"{here}/cancel"), 409)["job_status"] == "cancelled"
    assert "no explanation" in problem(client.get(f"/v1/explanations/{job['id']}"), 404)["detail"]
    assert client.get("/v1/explanations?job_id=job_none").json()["data"] == []
