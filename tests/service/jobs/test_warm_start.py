"""Warm start over HTTP: training continues from a model."""

import re
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from safetensors.numpy import load

from store.settings import Settings
from tests.service.conftest import IRIS_LIKE, Train, Upload, problem
from tests.training import train_waiting_jobs

FROZEN = {"type": "sgd", "learning_rate": 1e-30}


@pytest.fixture
def first(train: Train) -> dict[str, Any]:
    return train(epochs=3, network={"layers": [{"type": "dense", "units": 8}]})


def post(client: TestClient, dataset: dict[str, Any], job: dict[str, Any], **spec: Any) -> Any:
    body = {
        "dataset_id": dataset["id"],
        "target": "kind",
        "epochs": 1,
        "start_from": {"model_id": job["model_id"]},
    }
    return client.post("/v1/jobs", json=body | spec)


def test_training_begins_with_the_models_weights_and_preprocessing(
    client: TestClient, settings: Settings, upload: Upload, first: dict[str, Any]
) -> None:
    # A table with another mean and standard deviation; those of the model are kept.
    lines = IRIS_LIKE.splitlines()
    answer = post(client, upload("\n".join(lines[:40])), first, optimizer=FROZEN)
    assert answer.status_code == 202, answer.text
    assert answer.json()["spec"]["network"] == first["spec"]["network"]
    train_waiting_jobs(settings)
    second = client.get(answer.json()["links"]["self"]).json()
    assert second["start_from"]["model_id"] == first["model_id"]
    before, after = (client.get(job["links"]["model"]).json() for job in (first, second))
    assert after["preprocessing"] == before["preprocessing"]
    weights = [load(client.get(job["links"]["weights"]).content) for job in (first, second)]
    for name, array in weights[0].items():
        np.testing.assert_array_equal(weights[1][name], array)


def test_further_training_improves_the_loss(
    client: TestClient, settings: Settings, upload: Upload, first: dict[str, Any]
) -> None:
    answer = post(client, upload(), first, epochs=20)
    train_waiting_jobs(settings)
    second = client.get(answer.json()["links"]["self"]).json()
    assert second["status"] == "succeeded", second
    assert second["metrics"]["latest"]["loss"] < first["metrics"]["latest"]["loss"]


def test_other_preprocessing_than_the_models_is_reported(
    client: TestClient, upload: Upload, first: dict[str, Any]
) -> None:
    asked = {"numeric": "min_max", "max_levels": 100}
    answer = post(client, upload(), first, preprocessing=asked).json()
    assert answer["spec"]["preprocessing"]["numeric"] == "standardize"
    (found,) = [f for f in answer["findings"] if f["code"] == "preprocessing_of_model"]
    assert "'numeric'" in found["detail"]
    assert "max_levels" not in found["detail"]
    assert found["fix"]["patch"] == [{"op": "remove", "path": "/preprocessing"}]
    answer = post(client, upload(), first).json()
    assert "preprocessing_of_model" not in {f["code"] for f in answer["findings"]}


@pytest.mark.parametrize("stated", [{}, {"missing": "median"}])
def test_values_that_the_model_imputes_are_reported(
    client: TestClient, train: Train, upload: Upload, stated: dict[str, Any]
) -> None:
    first = train(preprocessing=stated)
    assert "values_imputed" not in {f["code"] for f in first["findings"]}
    dataset = upload(re.sub("(?m)^[0-9.]+,", ",", IRIS_LIKE, count=3))
    answer = post(client, dataset, first).json()
    (found,) = [f for f in answer["findings"] if f["code"] == "values_imputed"]
    assert "lacks values in up to 3 of" in found["detail"]
    assert "the model's preprocessing" in found["detail"]
    assert found["fix"] is None


def test_rows_that_the_model_leaves_out_are_reported(
    client: TestClient, train: Train, upload: Upload
) -> None:
    first = train(preprocessing={"missing": "drop_row"})
    dataset = upload(re.sub("(?m)^[0-9.]+,", ",", IRIS_LIKE, count=3))
    answer = post(client, dataset, first).json()
    (found,) = [f for f in answer["findings"] if f["code"] == "rows_left_out"]
    assert found["detail"].startswith("3 rows without a value in column")
    assert found["fix"] is None


def test_unknown_model_is_404(client: TestClient, upload: Upload) -> None:
    problem(post(client, upload(), {"model_id": "mdl_nope"}), 404)


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"features": ["width"]}, "/features"),
        ({"network": {"layers": [{"type": "dense", "units": 9}]}}, "/network"),
        ({"start_from": {"model": "x"}}, "/start_from/model"),
    ],
)
def test_job_that_does_not_fit_the_model_is_422(
    client: TestClient, upload: Upload, first: dict[str, Any], change: Any, pointer: str
) -> None:
    errors = problem(post(client, upload(), first, **change), 422)["errors"]
    assert pointer in [error["pointer"] for error in errors]


@pytest.fixture
def embedded(train: Train) -> dict[str, Any]:
    return train(epochs=3, network={"layers": [{"type": "embedding"}]})


MORE_COLOURS = IRIS_LIKE + "".join(f"\n{n}.5,colour{n},{'ab'[n % 2]}" for n in range(9))


def test_embedding_keeps_its_tables_with_new_categories(
    client: TestClient, settings: Settings, upload: Upload, embedded: dict[str, Any]
) -> None:
    answer = post(client, upload(MORE_COLOURS), embedded)
    assert answer.status_code == 202, answer.text
    assert answer.json()["spec"]["network"] == embedded["spec"]["network"]
    train_waiting_jobs(settings)
    second = client.get(answer.json()["links"]["self"]).json()
    assert second["status"] == "succeeded", second


def test_tables_that_are_not_the_models_are_refused(
    client: TestClient, upload: Upload, embedded: dict[str, Any]
) -> None:
    tables = [{"position": 1, "codes": 12}]
    network = {"layers": [{"type": "embedding", "tables": tables}]}
    answer = post(client, upload(MORE_COLOURS), embedded, network=network)
    (error,) = problem(answer, 422)["errors"]
    assert (error["pointer"], error["code"]) == ("/network/layers/0/tables", "other_tables")


def test_images_stay_images_with_more_categories(
    client: TestClient, train: Train, upload: Upload
) -> None:
    image = {"layers": [{"type": "reshape", "shape": [3, 1, 1]}, {"type": "flatten"}]}
    answer = post(client, upload(MORE_COLOURS), train(network=image))
    assert answer.status_code == 202, answer.text


GAPPY = "size,day,note,kind\n" + "\n".join(
    f"{'SML '[n % 4]},2020-0{n % 9 + 1}-1{n % 7},note {n} of {n * 3},{'ab'[n % 2]}"
    for n in range(60)
)
EVERY_KIND = {
    "max_levels": 2,
    "missing": "most_frequent",
    "missing_indicator": True,
    "hash_buckets": 4,
}


@pytest.mark.parametrize("encoding", ["one_hot", "ordinal"])
def test_warm_start_keeps_the_models_input_columns(
    client: TestClient, settings: Settings, train: Train, upload: Upload, encoding: str
) -> None:
    first = train(GAPPY, preprocessing={**EVERY_KIND, "categorical": encoding})
    # Without missing values and with more sizes, the model's inputs stay the same.
    lines = [line.replace(" ,2020", "XL,2020") for line in GAPPY.splitlines()]
    answer = post(client, upload("\n".join(lines)), first)
    assert answer.status_code == 202, answer.text
    assert answer.json()["spec"]["preprocessing"] == first["spec"]["preprocessing"]
    train_waiting_jobs(settings)
    second = client.get(answer.json()["links"]["self"]).json()
    assert second["status"] == "succeeded", second
    before, after = (client.get(job["links"]["model"]).json() for job in (first, second))
    assert after["preprocessing"]["columns"] == before["preprocessing"]["columns"]


def test_rows_of_pixels_stay_images(
    client: TestClient, settings: Settings, train: Train, upload: Upload
) -> None:
    text = "a,b,c,d,kind\n" + "\n".join(f"{n},{n % 5},{n % 3},1.5,{'ab'[n % 2]}" for n in range(40))
    layers = [{"type": "conv2d", "filters": 2, "kernel_size": 2}, {"type": "flatten"}]
    first = train(text, input_shape=[2, 2, 1], network={"layers": layers})
    assert first["status"] == "succeeded", first
    answer = post(client, upload(text), first)
    assert answer.status_code == 202, answer.text
    spec = answer.json()["spec"]
    assert (spec["input_shape"], spec["network"]) == ([2, 2, 1], first["spec"]["network"])


@pytest.mark.parametrize("loss", ["hinge", "half_squared_error"])
def test_loss_is_the_models_unless_another_is_named(
    client: TestClient, train: Train, upload: Upload, loss: str
) -> None:
    first = train(loss=loss)
    assert post(client, upload(), first).json()["spec"]["loss"]["type"] == loss
    other = post(client, upload(), first, loss="mean_squared_error").json()
    assert other["spec"]["loss"]["type"] == "mean_squared_error"


def test_dataset_with_other_columns_is_422(
    client: TestClient, upload: Upload, first: dict[str, Any]
) -> None:
    dataset = upload("width,kind\nx,a\ny,b\nx,a\ny,b\n")
    errors = problem(post(client, dataset, first), 422)["errors"]
    assert {error["code"] for error in errors} == {"column_mismatch"}
    assert len(errors) == 2


def test_other_targets_are_the_only_problem(
    client: TestClient, upload: Upload, first: dict[str, Any]
) -> None:
    for dataset, target, code, words in (
        (upload(IRIS_LIKE.replace(",b", ",c")), "kind", "new_class", "'c'"),
        (upload(), "colour", "other_targets", "one of its features"),
        (
            upload(IRIS_LIKE.replace("kind", "sort").replace(",b", ",c")),
            "sort",
            "other_targets",
            "'c'",
        ),
    ):
        (error,) = problem(post(client, dataset, first, target=target), 422)["errors"]
        assert (error["pointer"], error["code"]) == ("/target", code)
        assert words in error["detail"]
    answer = post(client, upload(), first, target="width", task="regression")
    (error,) = problem(answer, 422)["errors"]
    assert (error["pointer"], error["code"]) == ("/target", "other_targets")
    assert len(client.get("/v1/jobs").json()["data"]) == 1


def test_rows_may_lack_classes_of_the_model(
    client: TestClient, settings: Settings, upload: Upload, train: Train
) -> None:
    three = "\n".join(f"{line[:-1]}{'abc'[n % 3]}" for n, line in enumerate(IRIS_LIKE.splitlines()))
    first = train(three.replace("width,colour,kina", "width,colour,kind"))
    answer = post(client, upload(), first)
    assert answer.status_code == 202, answer.text
    train_waiting_jobs(settings)
    job = client.get(answer.json()["links"]["self"]).json()
    assert (job["status"], job["classes"]) == ("succeeded", ["a", "b", "c"])


def test_problems_of_the_models_own_fields_are_at_start_from(
    client: TestClient, upload: Upload, train: Train
) -> None:
    lines = IRIS_LIKE.splitlines()
    gaps = [lines[0], *(f",{line.split(',', 1)[1]}" for line in lines[2:]), lines[1]]
    first = train(preprocessing={"missing": "drop_row"})
    (error,) = problem(post(client, upload("\n".join(gaps)), first), 422)["errors"]
    assert (error["pointer"], error["code"]) == ("/start_from", "too_few_rows")
