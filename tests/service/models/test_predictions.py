"""Predictions over HTTP: scores, standard deviations, flags and unusual inputs."""

import json
from typing import Any

import pytest
from fastapi.testclient import TestClient

from service.runtime.model_cache import ModelCache
from store.blobs.tensors import pack_arrays
from store.db.database import Database
from store.settings import Settings
from tests.service.conftest import Train
from tests.service.models.test_imports import WEIGHTS, XOR

ROWS = {"rows": [{"width": 0.5, "colour": "red"}, {"width": 15.5}]}


def answer(client: TestClient, job: dict[str, Any], rows: Any = None) -> Any:
    answer = client.post(job["links"]["predict"], json=rows or ROWS)
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


@pytest.mark.parametrize(
    "spec", [{"loss": "hinge"}, {"network": {"output": {"activation": "linear"}}}]
)
def test_scores_are_not_given_out_as_probabilities(
    client: TestClient, train: Train, spec: dict[str, Any]
) -> None:
    for row in answer(client, train(**spec)):
        assert (row["probability"], row["probabilities"]) == (None, None)
        assert row["label"] == ["a", "b"][row["scores"].index(max(row["scores"]))]


def test_probabilities_have_no_scores_beside_them(client: TestClient, train: Train) -> None:
    for row in answer(client, train()):
        assert row["scores"] is None
        assert row["probability"] == max(row["probabilities"])


@pytest.mark.parametrize(("loss", "has_std"), [("gaussian", True), ("huber", False)])
def test_only_gaussian_returns_a_standard_deviation(
    client: TestClient, train: Train, loss: str, has_std: bool
) -> None:
    job = train(target="width", loss=loss, features=["colour", "kind"], task="regression")
    for row in answer(client, job, {"rows": [{"colour": "red", "kind": "a"}]}):
        assert (row["std"] is not None) == has_std
        assert not has_std or row["std"] > 0


def test_embedding_flags_unknown_categories(client: TestClient, train: Train) -> None:
    job = train(network={"layers": [{"type": "embedding"}]})
    rows = {"rows": [{"width": 1.0, "colour": "green"}, {"width": 1.0}]}
    flags = [[flag["flag"] for flag in row["flags"]] for row in answer(client, job, rows)]
    # The training rows have neither missing nor other colours, so that their code is not trained.
    assert flags == [["unknown_category", "untrained"], ["imputed", "untrained"]]


MESSY = "size;weight;colour;sold on;note;fast\n" + "\n".join(
    f"{n % 7},5;{n * n};{'red' if n % 3 else 'blue'};{n % 28 + 1}.0{n % 9 + 1}.2021;"
    f"lot {n} of {n * 7} {'good' if n % 2 else 'bad'} ones;{'yes' if n % 2 else 'no'}"
    for n in range(80)
)
EVERYTHING: dict[str, Any] = {
    "target": "fast",
    "epochs": 1,
    "preprocessing": {
        "missing_indicator": True,
        "columns": {
            "weight": {"numeric": "log1p"},
            "colour": {"categorical": "ordinal"},
            "note": {"hash_buckets": 8},
        },
    },
}


@pytest.fixture
def messy(train: Train) -> dict[str, Any]:
    job = train(MESSY, **EVERYTHING)
    assert job["status"] == "succeeded", job
    return job


def test_rows_are_sent_as_they_stand_in_the_file(client: TestClient, messy: dict[str, Any]) -> None:
    as_texts = {
        "size": " 3,5", "weight": "100", "colour": "red ", "sold on": "5.03.2021", "note": "lot 5",
        "fast": "yes",
    }  # fmt: skip
    as_values = {
        "size": 3.5, "weight": 100, "colour": "red", "sold on": "2021-03-05T00:00:00Z",
        "note": "LOT 5",
    }  # fmt: skip
    one, other = answer(client, messy, {"rows": [as_texts, as_values]})
    assert one == other
    assert one["flags"] == []
    assert one["label"] in {"yes", "no"}


def test_odd_values_are_flagged_row_by_row(client: TestClient, messy: dict[str, Any]) -> None:
    rows = [
        {"size": 9.6, "weight": -4000, "colour": "pink", "sold on": "01.01.2031", "note": "x"},
        {"size": 9.4, "weight": None, "colour": "", "sold on": "20.10.2021"},
    ]
    found = [
        {flag["column"]: flag["flag"] for flag in row["flags"] if flag["flag"] != "untrained"}
        for row in answer(client, messy, {"rows": rows})
    ]
    assert found == [
        {
            "size": "out_of_range",
            "weight": "out_of_range",
            "sold on": "out_of_range",
            "colour": "unknown_category",
        },
        {"weight": "imputed", "colour": "imputed", "note": "imputed"},
    ]


HUGE = (1e308, -1e308, 1e39, 5e-324, 10**300, -(10**308), "1e308", 10**400, "9" * 400, "1e999")


@pytest.mark.parametrize("scaling", ["standardize", "min_max", "robust", "log1p", "none"])
def test_extreme_numbers_are_predicted_and_flagged(
    client: TestClient, train: Train, scaling: str
) -> None:
    text = "x,t,y\n" + "\n".join(f"{n}.5,2020-01-{n % 28 + 1:02},{n % 9}.25" for n in range(40))
    job = train(text, target="y", epochs=1, preprocessing={"numeric": scaling})
    for value in HUGE:
        for row in ({"x": value, "t": "2020-01-01"}, {"x": 1.5, "t": value}):
            found = client.post(job["links"]["predict"], json={"rows": [row]})
            assert found.status_code == 200, found.text
            if value != 5e-324:
                flags = [flag["flag"] for flag in found.json()["data"][0]["flags"]]
                # All training rows are of one year and have no time of day.
                flags = [flag for flag in flags if flag != "untrained"]
                assert flags in (["out_of_range"], ["not_understood"]), (row, found.text)


def test_columns_that_the_model_left_out_may_stay_in_a_row(
    client: TestClient, train: Train
) -> None:
    job = train(MESSY, target="fast", epochs=1, features=["size"])
    row = {"size": "1,5", "note": "lot 3", "sold on": "never"}
    assert len(answer(client, job, {"rows": [row]})) == 1


def test_rows_of_the_dataset_can_be_sent_with_their_weight(
    client: TestClient, train: Train
) -> None:
    text = "x,w,kind\n" + "\n".join(f"{n},{n % 3},{'ab'[n % 2]}" for n in range(60))
    job = train(text, sample_weight="w", class_weight={"a": 2.0})
    assert job["status"] == "succeeded", job
    assert job["spec"]["features"] == ["x"]
    assert len(answer(client, job, {"rows": [{"x": 1.0, "w": 2, "kind": "a"}]})) == 1


def test_event_loop_predicts_only_with_small_models(
    client: TestClient, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {"weights": ("weights.safetensors", pack_arrays(WEIGHTS))}
    model_id = client.post("/v1/models", data={"model": json.dumps(XOR)}, files=files).json()["id"]
    database = Database(settings.database_url)
    served = ModelCache(database, 2**30)
    size = served.get(model_id).nbytes
    for limit in (size, size - 1):
        monkeypatch.setattr("service.runtime.model_cache.LOOP_MODEL_BYTES", limit)
        served = ModelCache(database, 2**30)
        assert served.find(model_id) is None
        own = served.get(model_id).predictor
        found = served.find(model_id)
        assert (found is not None) == (limit == size)
        assert found is None or found.predictor is not own
    database.close()


def test_models_in_memory_are_bounded_in_bytes(client: TestClient, settings: Settings) -> None:
    files = {"weights": ("weights.safetensors", pack_arrays(WEIGHTS))}
    described = {"model": json.dumps(XOR)}
    imported = [client.post("/v1/models", data=described, files=files).json() for _ in range(3)]
    database = Database(settings.database_url)
    first = ModelCache(database, 1).get(imported[0]["id"])
    # Threads and the event loop have a predictor each.
    served = ModelCache(database, 2 * (first.nbytes + first.predictor.nbytes))
    for model in imported:
        served.get(model["id"])
    assert [served.find(model["id"]) is not None for model in imported] == [False, True, True]
    database.close()
