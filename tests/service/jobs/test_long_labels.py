"""Labels of hundreds of characters are classes if the client states them to be categories."""

from typing import Any

from fastapi.testclient import TestClient

from store.settings import Settings
from tests.training import train_waiting_jobs

LABELS = ["a" * 400, "a" * 399 + "b"]
ROWS = "\n".join(f"{n % 7 + 9 * (n % 2)}.5,{LABELS[n % 2]}" for n in range(60))


def test_two_long_labels_are_two_classes(client: TestClient, settings: Settings) -> None:
    uploaded = client.post(
        "/v1/datasets?kind=label:categorical",
        content=f"x,label\n{ROWS}",
        headers={"Content-Type": "text/csv"},
    )
    assert uploaded.status_code == 201, uploaded.text
    column: dict[str, Any] = uploaded.json()["columns"][1]
    assert (column["kind"], column["cardinality"]) == ("categorical", 2)
    body = {"dataset_id": uploaded.json()["id"], "target": "label", "epochs": 10}
    weighted = {**body, "class_weight": {LABELS[0]: 1.0, LABELS[1]: 2.0}}
    assert client.post("/v1/jobs/validate", json=weighted).json()["valid"]
    posted = client.post("/v1/jobs", json=weighted)
    assert posted.status_code == 202, posted.text
    train_waiting_jobs(settings)
    job = client.get(f"/v1/jobs/{posted.json()['id']}").json()
    assert job["status"] == "succeeded", job
    rows = {"rows": [[0.5], [15.5]]}
    answer = client.post(f"/v1/models/{job['model_id']}/predict", json=rows).json()
    assert answer["classes"] == LABELS
