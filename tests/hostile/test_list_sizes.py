"""Lists are bounded in bytes per row, however wide the tables of the jobs are."""

from typing import Any

from fastapi.testclient import TestClient

from store.settings import Settings
from tests.training import train_waiting_jobs

CSV = {"Content-Type": "text/csv"}
# As in an attack, where each job of a list had 1.7 to 3.7 MB, with fewer columns.
COLUMNS, CHARACTERS = 200, 900
ROW_BYTES = 40_000


def upload(client: TestClient, names: list[str]) -> str:
    rows = [names, *([str(row % 7 + place % 3) for place in range(len(names))] for row in range(9))]
    text = "\n".join(",".join(row) for row in rows)
    answer = client.post("/v1/datasets", content=text, headers=CSV)
    assert answer.status_code == 201, answer.text
    dataset: str = answer.json()["id"]
    return dataset


def train(client: TestClient, settings: Settings, dataset: str, **body: Any) -> dict[str, Any]:
    asked = {"dataset_id": dataset, "epochs": 2, "network": {"layers": []}, **body}
    posted = client.post("/v1/jobs", json=asked)
    assert posted.status_code == 202, posted.text
    train_waiting_jobs(settings)
    job: dict[str, Any] = client.get(posted.json()["links"]["self"]).json()
    assert job["status"] == "succeeded", job["error"]
    return job


def test_lists_of_jobs_and_models_of_wide_tables_are_short(
    client: TestClient, settings: Settings
) -> None:
    names = [f"{place:03}{'n' * (CHARACTERS - 3)}" for place in range(COLUMNS)]
    dataset = upload(client, ["y", *names])
    job = train(client, settings, dataset, target="y", validation={"folds": 2})
    assert len(client.get(job["links"]["self"]).content) > COLUMNS * CHARACTERS
    answer = client.get("/v1/jobs")
    assert len(answer.content) < ROW_BYTES
    [listed] = answer.json()["data"]
    assert "spec" in listed["omitted"]
    assert listed["spec"]["target"] == "y"
    assert "features" not in listed["spec"]
    # Everything else, such as the progress, is that of the job itself.
    same = set(job) - {"spec", "findings", *listed["omitted"]}
    assert {name: listed[name] for name in same} == {name: job[name] for name in same}
    models = client.get("/v1/models")
    assert len(models.content) < ROW_BYTES
    [model] = models.json()["data"]
    assert {"spec", "preprocessing", "classes"} <= set(model["omitted"])
    assert (model["spec"]["target"], model["preprocessing"]) == ("y", {})
    whole = client.get(model["links"]["self"]).json()
    assert len(whole["preprocessing"]["columns"]) == COLUMNS
    assert len(client.get("/v1/datasets").content) < ROW_BYTES


def test_an_ordinary_job_is_listed_as_it_is(client: TestClient, settings: Settings) -> None:
    job = train(client, settings, upload(client, ["a", "b"]), target="b")
    [listed] = client.get("/v1/jobs").json()["data"]
    assert listed.pop("omitted") == []
    assert listed == job
    [model] = client.get("/v1/models").json()["data"]
    assert model.pop("omitted") == []
    assert model == client.get(model["links"]["self"]).json()


def test_long_names_of_a_target_are_left_out_too(client: TestClient, settings: Settings) -> None:
    names = [f"{place}{'t' * CHARACTERS}" for place in range(20)]
    train(client, settings, upload(client, ["x", *names]), target=names, loss="mean_squared_error")
    answer = client.get("/v1/jobs")
    assert len(answer.content) < ROW_BYTES
    [listed] = answer.json()["data"]
    assert "target" not in listed["spec"]
    assert listed["progress"]["epochs"] == 2
    assert listed["progress"]["fraction"] == 1.0


def test_a_list_has_the_last_transitions_of_a_job(client: TestClient) -> None:
    body = {"dataset_id": upload(client, ["a", "b"]), "target": "b"}
    job = client.post("/v1/jobs", json=body).json()
    for _ in range(11):
        assert client.post(f"{job['links']['self']}/pause").status_code == 202
        assert client.post(f"{job['links']['self']}/resume").status_code == 202
    whole = client.get(job["links"]["self"]).json()
    assert len(whole["transitions"]) == 23
    [listed] = client.get("/v1/jobs").json()["data"]
    assert listed["transitions"] == whole["transitions"][-20:]
    assert listed["omitted"] == ["transitions"]
