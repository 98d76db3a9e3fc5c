"""Every validation strategy over HTTP."""

from typing import Any

import pytest
from fastapi.testclient import TestClient

from store.settings import Settings
from tests.service.conftest import Train, Upload, problem
from tests.training import train_waiting_jobs

HEADER = "width,day,split,patient,kind"


def row(n: int) -> str:
    split = "train" if n % 5 else "test"
    width, day = n % 7 + (n % 2) * 9, n % 28 + 1
    return f"{width}.5,2024-01-{day:02d},{split},p{n // 4},{'ab'[n % 2]}"


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
        ({"folds": 5, "group_by": "gone"}, "/validation/group_by", "unknown_column"),
        ({"folds": 20, "group_by": "patient"}, "/validation/group_by", "too_few_groups"),
        ({"folds": 3, "order_by": "patient"}, "/validation/order_by", "split_without_order"),
        ({"folds": 3, "repeats": 0}, "/validation/repeats", "greater_than_equal"),
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


def test_groups_and_repeats_are_trained_and_shown(client: TestClient, train: Train) -> None:
    job = train(TABLE, validation={"folds": 3, "repeats": 2, "group_by": "patient"})
    assert job["status"] == "succeeded", job["error"]
    assert "patient" not in job["spec"]["features"]
    assert "group_left_out" in {finding["code"] for finding in job["findings"]}
    assert len(job["cross_validation"]["metrics"]["loss"]["values"]) == 6
    progress = job["progress"]
    assert (progress["fold"], progress["folds"], progress["fraction"]) == (None, 6, 1)
    assert job["metrics"]["test"] is None
    model = client.get(f"/v1/models/{job['model_id']}").json()
    assert model["metrics"]["test"] is None


@pytest.mark.parametrize(
    "validation", [{"fraction": 0.2}, {"folds": 2}, {"fraction": 0.2, "order_by": "day"}, None]
)
def test_test_metrics_are_shown_once_the_job_has_ended(
    client: TestClient, settings: Settings, upload: Upload, validation: dict[str, Any] | None
) -> None:
    posted = post_job(client, upload(TABLE), validation=validation, test={"fraction": 0.25})
    assert posted.json()["metrics"]["test"] is None
    train_waiting_jobs(settings)
    job = client.get(f"/v1/jobs/{posted.json()['id']}").json()
    found = job["metrics"]["test"]
    assert found.keys() == {"loss", "accuracy"}
    metrics = client.get(f"/v1/models/{job['model_id']}").json()["metrics"]
    assert metrics.pop("test") == found
    assert metrics == {k: v for k, v in job["metrics"]["latest"].items() if k != "epoch"}


def test_test_dataset_is_used_and_cannot_be_deleted(
    client: TestClient, settings: Settings, upload: Upload
) -> None:
    other = upload("\n".join([HEADER, *ROWS[:10]]))
    job = post_job(client, upload(TABLE), test={"dataset_id": other["id"]}).json()
    assert job["links"]["test_dataset"] == f"/v1/datasets/{other['id']}"
    refused = client.delete(f"/v1/datasets/{other['id']}")
    assert problem(refused, 409)["code"] == "dataset_in_use"
    train_waiting_jobs(settings)
    ended = client.get(f"/v1/jobs/{job['id']}").json()
    assert ended["metrics"]["test"]["loss"] > 0
    assert client.delete(f"/v1/datasets/{other['id']}").status_code == 204


def test_invalid_test_part_is_rejected(client: TestClient, upload: Upload) -> None:
    dataset = upload(TABLE)
    for test, pointer, code in (
        ({"folds": 3}, "/test/folds", "extra_forbidden"),
        ({"column": "gone"}, "/test/column", "unknown_column"),
        ({"dataset_id": dataset["id"]}, "/test/dataset_id", "same_dataset"),
    ):
        (found,) = problem(post_job(client, dataset, test=test), 422)["errors"]
        assert (found["pointer"], found["code"]) == (pointer, code)
    answer = post_job(client, dataset, test={"dataset_id": "ds_unknown"})
    assert problem(answer, 404)["code"] == "not_found"


def test_validate_reports_the_rows_of_each_part(client: TestClient, upload: Upload) -> None:
    spec = {"dataset_id": upload(TABLE)["id"], "target": "kind", "test": {"fraction": 0.25}}
    found = client.post("/v1/jobs/validate", json=spec).json()
    assert found["rows"] == {"training": 36, "validation": 9, "test": 15}
    marked = spec | {"validation": {"column": "split"}}
    found = client.post("/v1/jobs/validate", json=marked).json()
    assert found["rows"] == {"training": None, "validation": None, "test": 15}


def test_initial_weights_that_have_seen_test_rows_are_reported(
    client: TestClient, settings: Settings, upload: Upload
) -> None:
    dataset, tested = upload(TABLE), {"test": {"fraction": 0.25}}
    post_job(client, dataset, **tested)
    train_waiting_jobs(settings)
    (model,) = client.get("/v1/models").json()["data"]
    source = {"start_from": {"model_id": model["id"]}}
    for options, is_seen in (
        (tested, False),
        ({}, False),
        (tested | {"seed": 1}, True),
        ({"test": {"fraction": 0.3}}, True),
    ):
        job = post_job(client, dataset, **source, **options).json()
        found = {(finding["pointer"], finding["code"]) for finding in job["findings"]}
        assert (("/test", "test_rows_seen") in found) == is_seen


def test_a_part_of_training_rows_is_reported(client: TestClient, upload: Upload) -> None:
    dataset, copy = upload(TABLE), upload(TABLE)
    other = upload(TABLE + "\n" + TABLE.splitlines()[1])
    code = "validates_on_training_rows"
    for options, pointers in (
        ({"validation": {"dataset_id": dataset["id"]}}, ["/validation/dataset_id"]),
        ({"validation": {"dataset_id": copy["id"]}}, ["/validation/dataset_id"]),
        ({"test": {"dataset_id": copy["id"]}}, ["/test/dataset_id"]),
        ({"validation": {"dataset_id": other["id"]}}, []),
        ({}, []),
    ):
        job = post_job(client, dataset, **options).json()
        found = [finding for finding in job["findings"] if finding["code"] == code]
        assert [finding["pointer"] for finding in found] == pointers
        for finding in found:
            (operation,) = finding["fix"]["patch"]
            fixed = options | {operation["path"].removeprefix("/"): operation["value"]}
            again = post_job(client, dataset, **fixed).json()
            assert code not in {one["code"] for one in again["findings"]}


@pytest.mark.parametrize(
    ("fields", "pointer", "detail"),
    [
        ({"target": []}, "/target", "must have at least 1 item; it has none"),
        ({"features": []}, "/features", "must have at least 1 item; it has none"),
        ({"class_weight": {}, "epochs": "ten"}, "/epochs", "must be a whole number"),
        ({"features": "width"}, "/features", "must be a list"),
        ({"preprocessing": 3}, "/preprocessing", "must be an object"),
        ({"validation": {"fraction": 2}}, "/validation/fraction", "must be less than 1"),
        ({"start_from": {}}, "/start_from", "set either model_id or job_id"),
        ({"dtype": "int8"}, "/dtype", "must be 'float32' or 'float64'"),
    ],
)
def test_errors_of_single_fields_are_in_the_words_of_json(
    client: TestClient, fields: dict[str, Any], pointer: str, detail: str
) -> None:
    body = {"dataset_id": "ds_1", "target": "y"} | fields
    errors = problem(client.post("/v1/jobs", json=body), 422)["errors"]
    assert (pointer, detail) in [(error["pointer"], error["detail"]) for error in errors]
