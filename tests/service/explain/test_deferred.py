"""Steps that are too far away for a request are reached by a worker."""

from dataclasses import replace
from typing import Any

import pytest
from fastapi.testclient import TestClient

from service.explain import open_step
from store.settings import Settings
from store.workers import announce_worker
from tests.service.conftest import Train, problem
from tests.service.explain.conftest import SMALL
from tests.training import open_worker_context
from workers.slices import run_slice


def work(settings: Settings) -> None:
    worker = open_worker_context(settings)
    run_slice(worker)
    worker.database.close()


def test_a_long_replay_is_work_whose_answer_is_that_of_the_request(
    here: TestClient, train: Train, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = train(**SMALL)
    path, body = f"/v1/jobs/{job['id']}/explain", {"step": 7, "rows": [3], "top": 2}
    at_once = here.post(path, json=body).json()
    monkeypatch.setattr(open_step, "REPLAY_SECONDS", 0.0)
    posted = here.post(path, json=body)
    assert posted.status_code == 202
    explanation = posted.json()
    assert posted.headers["location"] == f"/v1/explanations/{explanation['id']}"
    assert (explanation["job_id"], explanation["status"]) == (job["id"], "queued")
    assert explanation["progress"]["steps"] == 7
    # The same question while it is unfinished is the same work.
    assert here.post(path, json=body).json()["id"] == explanation["id"]
    answer = f"{posted.headers['location']}/answer"
    assert problem(here.get(answer), 409)["code"] == "no_answer"
    work(settings)
    done = here.get(posted.headers["location"]).json()
    assert (done["status"], done["links"]["answer"]) == ("succeeded", answer)
    found = here.get(answer).json()
    assert found["origin"]["kind"] == "explanation"
    assert found["origin"]["replayed_steps"] == 0
    assert found["exact"] is True
    for name in ("at", "rows", "explanation"):
        assert found[name] == at_once[name]
    # The kept state serves other questions about the step as well.
    other = here.post(path, json={"step": 7})
    assert other.json()["origin"]["kind"] == "explanation"


@pytest.mark.parametrize("differs", [False, True])
def test_a_worker_whose_environment_gives_the_bits_of_the_job_is_preferred(
    here: TestClient,
    train: Train,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    differs: bool,
) -> None:
    job = train(**SMALL)
    worker = open_worker_context(settings)
    other = {**worker.environment, "blas_kernel": "Another"}
    with worker.database.writing() as session:
        announce_worker(session, "one", other)
        if not differs:
            announce_worker(session, "two", worker.environment)
    monkeypatch.setattr(open_step, "REPLAY_SECONDS", 0.0)
    path = f"/v1/jobs/{job['id']}/explain"
    posted = here.post(path, json={"step": 7, "rows": [3]}).json()
    run_slice(replace(worker, environment=other))
    worker.database.close()
    status = here.get(posted["links"]["self"]).json()["status"]
    assert status == ("succeeded" if differs else "queued")


def test_answer_of_an_unknown_explanation_is_not_found(here: TestClient, train: Train) -> None:
    job: dict[str, Any] = train(**SMALL)
    for explanation_id in ("exp_unknown", job["id"]):
        problem(here.get(f"/v1/explanations/{explanation_id}/answer"), 404)


def test_no_work_is_queued_for_a_job_whose_dataset_is_gone(
    here: TestClient, train: Train, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = train(**SMALL)
    here.delete(f"/v1/datasets/{job['spec']['dataset_id']}")
    monkeypatch.setattr(open_step, "REPLAY_SECONDS", 0.0)
    answer = here.post(f"/v1/jobs/{job['id']}/explain", json={"step": 7})
    assert problem(answer, 409)["code"] == "dataset_gone"
    assert here.get("/v1/explanations").json()["data"] == []


@pytest.mark.parametrize(
    ("about", "body", "pointer"),
    [
        ("explain", {"rows": [3, 99999]}, "/rows"),
        ("explain", {"layers": ["x"]}, "/layers/0"),
        ("explain", {"matrices": ["x.weight"]}, "/matrices/0"),
        ("distributions", {"rows": [99999]}, "/rows"),
        ("counterfactual", {"optimizer": "lbfgs", "gradient_clip": {"type": "norm"}}, "/gradient_"),
    ],
)
def test_a_wrong_question_is_refused_before_a_worker_reaches_its_step(
    here: TestClient,
    train: Train,
    monkeypatch: pytest.MonkeyPatch,
    about: str,
    body: dict[str, Any],
    pointer: str,
) -> None:
    job = train(**SMALL)
    monkeypatch.setattr(open_step, "REPLAY_SECONDS", 0.0)
    answer = here.post(f"/v1/jobs/{job['id']}/{about}", json={"step": 7, **body})
    assert problem(answer, 422)["errors"][0]["pointer"].startswith(pointer)
    assert here.get("/v1/explanations").json()["data"] == []
