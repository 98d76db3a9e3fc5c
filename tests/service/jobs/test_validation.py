"""Every validation strategy over HTTP."""

from typing import Any

import pytest
from fastapi.testclient import TestClient

from store.settings import Settings
from tests.service.conftest import Train, Upload, problem
from tests.training import train_waiting_jobs

HEADER = "width,day,split,kind"


def row(n: int) -> str:
    split = "train" if n % 5 else "test"
    return f"{n % 7 + (n % 2) * 9}.5,2024-01-{n % 28 + 1:02d},{split},{'ab'[n % 2]}"


ROWS = [row(n) for n in range(60)]
TABLE = "\n".join([HEADER, *ROWS])


def post_job(client: TestClient, dataset: dict[str, Any], **body: Any) -> Any:
    spec = {"dataset_id": dataset["id"], "target": "kind", "epochs": 2, **body}
    return client.post("/v1/jobs", json=spec)


def test_folds_are_shown_with_job_and_model(client: TestClient, train: Train) -> None:
    job = train(TABLE, validation={"folds": 3})
    assert job["status"] == "succeeded", job["error"]
    found = job["cross_validation"]
    assert found["folds"] == 3
    assert set(found["metrics"]) == {"loss", "accuracy"}
    assert len(found["metrics"]["loss"]["values"]) == 3
    progress = job["progress"]
    assert (progress["fold"], progress["folds"], progress["fraction"]) == (None, 3, 1)
    model = client.get(f"/v1/models/{job['model_id']}").json()
    assert model["cross_validation"] == found


def test_folds_are_counted_in_the_progress(client: TestClient, upload: Upload) -> None:
    job = post_job(client, upload(TABLE), validation={"folds": 3}).json()
    progress = job["progress"]
    assert (progress["fold"], progress["folds"], progress["fraction"]) == (0, 3, 0)
    assert job["cross_validation"] is None


@pytest.mark.parametrize(
    "validation",
    [
        {"column": "split"},
        {"column": "split", "values": ["train"]},
        {"fraction": 0.3, "order_by": "day"},
        {"fraction": 0.3, "stratify": False},
    ],
)
def test_validation_rows_are_split_by_a_column_or_its_order(
    train: Train, validation: dict[str, Any]
) -> None:
    job = train(TABLE, validation=validation)
    assert job["status"] == "succeeded", job["error"]
    assert "split" not in job["spec"]["features"] or "column" not in validation
    assert job["metrics"]["latest"]["validation_loss"] > 0
    assert job["progress"]["folds"] is None


@pytest.mark.parametrize(
    ("validation", "pointer", "code"),
    [
        ({"column": "gone"}, "/validation/column", "unknown_column"),
        ({"fraction": 0.2, "order_by": "split"}, "/validation/order_by", "split_without_order"),
        ({"folds": 1}, "/validation/folds", "greater_than_equal"),
        ({"folds": 20, "column": "split"}, "/validation/folds", "extra_forbidden"),
    ],
)
def test_invalid_validation_split_is_rejected(
    client: TestClient, upload: Upload, validation: dict[str, Any], pointer: str, code: str
) -> None:
    answer = post_job(client, upload(TABLE), validation=validation)
    (found,) = problem(answer, 422)["errors"]
    assert (found["pointer"], found["code"]) == (pointer, code)


def test_validation_dataset_is_used_and_cannot_be_deleted(
    client: TestClient, settings: Settings, upload: Upload
) -> None:
    other = upload("\n".join([HEADER, *ROWS[:10]]))
    job = post_job(client, upload(TABLE), validation={"dataset_id": other["id"]}).json()
    assert job["links"]["validation_dataset"] == f"/v1/datasets/{other['id']}"
    refused = client.delete(f"/v1/datasets/{other['id']}")
    assert problem(refused, 409)["code"] == "dataset_in_use"
    train_waiting_jobs(settings)
    ended = client.get(f"/v1/jobs/{job['id']}").json()
    assert ended["status"] == "succeeded", ended["error"]
    assert ended["metrics"]["latest"]["validation_loss"] > 0
    assert client.delete(f"/v1/datasets/{other['id']}").status_code == 204


def test_incompatible_validation_dataset_is_rejected(client: TestClient, upload: Upload) -> None:
    other = upload("width,kind\nred,a\nblue,b\n")
    answer = post_job(client, upload(TABLE), validation={"dataset_id": other["id"]})
    found = {(e["pointer"], e["code"]) for e in problem(answer, 422)["errors"]}
    pointer = "/validation/dataset_id"
    assert found == {(pointer, "missing_column"), (pointer, "column_mismatch")}


@pytest.mark.parametrize("dataset_id", ["ds_unknown", "ds_\0", "ds_\u00e9"])
def test_unknown_validation_dataset_is_404(
    client: TestClient, upload: Upload, dataset_id: str
) -> None:
    answer = post_job(client, upload(TABLE), validation={"dataset_id": dataset_id})
    assert problem(answer, 404)["code"] == "not_found"


def test_validation_by_a_dataset_can_be_checked_first(client: TestClient, upload: Upload) -> None:
    spec = {"dataset_id": upload(TABLE)["id"], "target": "kind"}
    other = upload("\n".join([HEADER, *ROWS[:10]]))
    body = spec | {"validation": {"dataset_id": other["id"]}}
    assert client.post("/v1/jobs/validate", json=body).json()["valid"]
