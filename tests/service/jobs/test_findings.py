"""Findings over HTTP: what validate finds, the job keeps and its events report."""

from typing import Any

from fastapi.testclient import TestClient

from store.settings import Settings
from tests.service.conftest import Upload
from tests.training import train_waiting_jobs

CODED = "x,text,cls\n" + "".join(
    f"{n % 7}.5,{'abcdefghijklm'[n % 13]} {n} {n * 7} words,{n % 2 if n % 10 else ''}\n"
    for n in range(200)
)


def test_findings_of_validate_are_those_of_the_answer_the_job_and_its_events(
    client: TestClient, upload: Upload, settings: Settings
) -> None:
    body = {"dataset_id": upload(CODED)["id"], "target": "cls", "epochs": 2}
    validated = client.post("/v1/jobs/validate", json=body).json()["findings"]
    assert {f["code"] for f in validated} >= {"numbers_as_classes", "missing_target"}
    posted = client.post("/v1/jobs", json=body)
    assert posted.status_code == 202
    assert posted.json()["findings"] == validated
    train_waiting_jobs(settings)
    job: dict[str, Any] = client.get(posted.headers["Location"]).json()
    assert job["findings"][: len(validated)] == validated
    events = client.get(f"/v1/jobs/{job['id']}/events", params={"limit": 100}).json()["data"]
    reported = [event for event in events if event["type"] == "finding"]
    assert [event["data"] for event in reported] == job["findings"]
    assert [event["level"] for event in reported] == [f["level"] for f in job["findings"]]


REDUNDANT = "x,flat,outcome,kind\n" + "".join(
    f"{n % 7}.5,3,{'pq'[n % 2]},{'ab'[n % 2]}\n" for n in range(200)
)


def test_fixes_of_the_rows_bring_back_no_column_that_validate_leaves_out(
    client: TestClient, upload: Upload, settings: Settings
) -> None:
    body: dict[str, Any] = {"dataset_id": upload(REDUNDANT)["id"], "target": "kind", "epochs": 1}
    posted = client.post("/v1/jobs", json=body).json()
    train_waiting_jobs(settings)
    job = client.get(f"/v1/jobs/{posted['id']}").json()
    fixes = {finding["code"]: finding["fix"]["patch"] for finding in job["findings"]}
    for code, features in (("constant_feature", ["x", "outcome"]), ("possible_leak", ["x"])):
        assert fixes[code] == [{"op": "add", "path": "/features", "value": features}]


def test_job_shows_its_classes_and_its_best_epoch(
    client: TestClient, upload: Upload, settings: Settings
) -> None:
    body = {"dataset_id": upload(CODED)["id"], "target": "cls", "epochs": 3}
    posted = client.post("/v1/jobs", json=body).json()
    assert posted["classes"] is None
    train_waiting_jobs(settings)
    job: dict[str, Any] = client.get(f"/v1/jobs/{posted['id']}").json()
    assert job["classes"] == [0, 1]
    losses = client.get(f"/v1/jobs/{job['id']}/losses").json()["data"]
    best = min(losses, key=lambda loss: loss["validation_loss"])
    assert job["metrics"]["best"]["epoch"] == best["epoch"]
    assert job["metrics"]["best"]["validation_loss"] == best["validation_loss"]
    assert job["metrics"]["latest"]["epoch"] == 2


def test_job_shows_the_rows_of_its_parts_once_they_are_prepared(
    client: TestClient, upload: Upload, settings: Settings
) -> None:
    body = {"dataset_id": upload(CODED)["id"], "target": "cls", "epochs": 1}
    split = {"test": {"fraction": 0.1}, "validation": {"fraction": 0.25}}
    plain = client.post("/v1/jobs", json={**body, **split}).json()
    folded = client.post("/v1/jobs", json={**body, "validation": {"folds": 3}}).json()
    assert (plain["rows"], folded["rows"]) == (None, None)
    train_waiting_jobs(settings)
    # 20 of the 200 rows have no class.
    assert client.get(f"/v1/jobs/{plain['id']}").json()["rows"] == {
        "training": 122,
        "validation": 40,
        "test": 18,
        "left_out": 20,
        "folds": None,
    }
    assert client.get(f"/v1/jobs/{folded['id']}").json()["rows"] == {
        "training": 180,
        "validation": 60,
        "test": 0,
        "left_out": 20,
        "folds": [{"training": 120, "validation": 60}] * 3,
    }
