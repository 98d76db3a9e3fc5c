"""Jobs with several targets over HTTP: from the request to predictions, import and warm start."""

from typing import Any

import pytest
from fastapi.testclient import TestClient
from safetensors.numpy import load

from store.settings import Settings
from tests.service.conftest import Train, Upload, problem
from tests.service.models.test_imports import import_again, send
from tests.training import train_waiting_jobs

# 60 rows: three of them lack a target, one of them both.
TABLE = "size,colour,height,weight,hot,wet,open\n" + "\n".join(
    f"{n % 11}.5,{'red' if n % 3 else 'blue'},{'' if n in (4, 5) else 3 * (n % 11) + 1},"
    f"{'' if n in (5, 6) else 100 - n % 11},{'yes' if n % 11 > 5 else 'no'},{n % 3 // 2},"
    f"{'true' if n % 2 else 'false'}"
    for n in range(60)
)
FEATURES = ["size", "colour"]
NUMBERS: dict[str, Any] = {"target": ["height", "weight"], "features": FEATURES}
LABELS: dict[str, Any] = {"target": ["hot", "wet", "open"], "features": FEATURES}
ROWS = {"rows": [{"size": 2.5, "colour": "red"}, {"size": 30, "colour": "green"}, {}]}


def predict(client: TestClient, links: dict[str, str]) -> dict[str, Any]:
    answer = client.post(links["predict"], json=ROWS)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_several_numbers(client: TestClient, train: Train) -> None:
    job = train(TABLE, **NUMBERS, epochs=60, optimizer={"type": "adam", "learning_rate": 0.02})
    assert (job["status"], job["spec"]["task"]) == ("succeeded", "regression")
    assert (job["spec"]["target"], job["classes"]) == (["height", "weight"], None)
    (incomplete,) = [f for f in job["findings"] if f["code"] == "incomplete_targets"]
    assert incomplete["detail"].startswith("3 of 60 rows")
    latest = job["metrics"]["latest"]
    assert latest["rmse"] == pytest.approx(sum(latest["rmse_per_target"]) / 2)
    assert len(latest["validation_r2_per_target"]) == 2
    model = client.get(job["links"]["model"]).json()
    assert model["classes"] is None
    target = model["preprocessing"]["target"]
    assert target["type"] == "numbers"
    assert [one["name"] for one in target["targets"]] == ["height", "weight"]
    found = predict(client, model["links"])
    assert found["classes"] is None
    first, flagged, _ = found["data"]
    assert first["values"]["height"] == pytest.approx(7, abs=3)
    assert first["values"]["weight"] == pytest.approx(98, abs=3)
    assert (first["std"], first["flags"]) == (None, [])
    assert {flag["flag"] for flag in flagged["flags"]} == {"out_of_range", "unknown_category"}


def test_losses_of_several_numbers_as_csv(client: TestClient, train: Train) -> None:
    job = train(TABLE, **NUMBERS)
    answer = client.get(job["links"]["losses"], headers={"Accept": "text/csv"})
    header = answer.text.splitlines()[0].split(",")
    assert {"rmse", "rmse_per_target.0", "validation_mae_per_target.1"} <= {*header}


def test_gaussian_predicts_a_deviation_per_target(client: TestClient, train: Train) -> None:
    job = train(TABLE, **NUMBERS, loss="gaussian")
    for row in predict(client, job["links"])["data"]:
        assert row["values"].keys() == row["std"].keys() == {"height", "weight"}
        assert all(std > 0 for std in row["std"].values())


def test_several_labels_in_the_columns_own_words(client: TestClient, train: Train) -> None:
    job = train(TABLE, **LABELS, epochs=60, optimizer={"type": "adam", "learning_rate": 0.02})
    assert (job["status"], job["spec"]["task"]) == ("succeeded", "multi_label")
    classes: dict[str, list[Any]] = {"hot": ["no", "yes"], "wet": [0, 1], "open": [False, True]}
    assert job["classes"] == classes
    latest = job["metrics"]["latest"]
    assert latest["accuracy"] == pytest.approx(sum(latest["accuracy_per_label"]) / 3)
    assert latest["subset_accuracy"] <= min(latest["accuracy_per_label"])
    model = client.get(job["links"]["model"]).json()
    assert model["classes"] == classes
    found = predict(client, model["links"])
    assert found["classes"] == classes
    assert found["data"][0]["labels"]["hot"] == "no"
    for row in found["data"]:
        for name, value in row["labels"].items():
            expected = classes[name][row["probabilities"][name] > 0.5]
            assert (type(value), value) == (type(expected), expected)


@pytest.mark.parametrize("spec", [NUMBERS, NUMBERS | {"loss": "gaussian"}, LABELS])
def test_an_exported_model_is_imported_again(
    client: TestClient, train: Train, spec: dict[str, Any]
) -> None:
    job = train(TABLE, **spec)
    model, again = import_again(client, job)
    assert (again["spec"]["task"], again["spec"]["target"]) == (
        model["spec"]["task"], model["spec"]["target"]
    )  # fmt: skip
    assert again["classes"] == model["classes"]
    assert predict(client, again["links"])["data"] == predict(client, model["links"])["data"]


NAMED = {"type": "number", "name": "y"}
LABEL = {"type": "classes", "name": "y", "classes": ["no", "yes"]}


@pytest.mark.parametrize(
    ("target", "pointer", "code"),
    [
        ({"type": "numbers", "targets": [NAMED]}, "/preprocessing/target/targets", "too_short"),
        (
            {"type": "numbers", "targets": [NAMED, NAMED]},
            "/preprocessing/target/targets/1",
            "duplicate_target",
        ),
        (
            {"type": "labels", "labels": [LABEL, LABEL]},
            "/preprocessing/target/labels/1",
            "duplicate_target",
        ),
        (
            {"type": "labels", "labels": [LABEL, {**LABEL, "classes": ["a", "b", "c"]}]},
            "/preprocessing/target/labels/1/classes",
            "not_two_classes",
        ),
        (
            {"type": "labels", "labels": [LABEL, {**LABEL, "classes": ["a", "a"]}]},
            "/preprocessing/target/labels/1/classes",
            "repeated_class",
        ),
        (
            {"type": "numbers", "targets": [NAMED, {**NAMED, "name": "a"}]},
            "/preprocessing/columns/0",
            "target_as_feature",
        ),
    ],
)
def test_bad_targets_of_an_import_are_named(
    client: TestClient, target: dict[str, Any], pointer: str, code: str
) -> None:
    columns = [{"type": "numeric", "name": "a"}]
    model = {"network": {"layers": []}, "preprocessing": {"columns": columns, "target": target}}
    errors = problem(send(client, model, b""), 422)["errors"]
    assert (pointer, code) in [(error["pointer"], error["code"]) for error in errors]


def continued(client: TestClient, upload: Upload, job: dict[str, Any], **spec: Any) -> Any:
    start = {"start_from": {"model_id": job["model_id"]}, "epochs": 1}
    body = {"dataset_id": upload(TABLE)["id"], **start, **spec}
    return client.post("/v1/jobs", json=body)


@pytest.mark.parametrize("spec", [NUMBERS, LABELS])
def test_training_continues_from_a_model(
    client: TestClient, settings: Settings, upload: Upload, train: Train, spec: dict[str, Any]
) -> None:
    first = train(TABLE, **spec)
    frozen = {"type": "sgd", "learning_rate": 1e-30}
    answer = continued(client, upload, first, target=spec["target"], optimizer=frozen)
    assert answer.status_code == 202, answer.text
    train_waiting_jobs(settings)
    second = client.get(answer.json()["links"]["self"]).json()
    assert second["status"] == "succeeded", second
    before, after = (load(client.get(job["links"]["weights"]).content) for job in (first, second))
    for name, array in before.items():
        assert (after[name] == array).all()


@pytest.mark.parametrize(
    ("change", "pointer", "code"),
    [
        ({"target": ["weight", "height"]}, "/target", "other_targets"),
        ({"target": "height"}, "/target", "other_targets"),
        ({"target": ["hot", "wet"]}, "/target", "other_targets"),
        ({"target": NUMBERS["target"], "task": "multi_label"}, "/task", "other_task"),
    ],
)
def test_a_model_continues_with_its_own_targets_only(
    client: TestClient,
    upload: Upload,
    train: Train,
    change: dict[str, Any],
    pointer: str,
    code: str,
) -> None:
    answer = continued(client, upload, train(TABLE, **NUMBERS), **change)
    errors = problem(answer, 422)["errors"]
    assert (pointer, code) in [(error["pointer"], error["code"]) for error in errors]


def test_labels_do_not_continue_as_numbers(
    client: TestClient, upload: Upload, train: Train
) -> None:
    table = TABLE.replace("yes", "1").replace("no", "0")
    first = train(table, target=["hot", "wet"], features=FEATURES)
    body = {
        "dataset_id": upload(table)["id"],
        "target": ["hot", "wet"],
        "task": "regression",
        "start_from": {"model_id": first["model_id"]},
    }
    errors = problem(client.post("/v1/jobs", json=body), 422)["errors"]
    assert ("/task", "other_task") in [(error["pointer"], error["code"]) for error in errors]


@pytest.mark.parametrize(
    ("target", "pointer", "code"),
    [
        ([], "/target", "too_short"),
        (["height", "height"], "/target/1", "duplicate_target"),
        (["height", 7], "/target/1", "string_type"),
        (["height", "we\u0000ight"], "/target/1", "value_error"),
        ([f"y{n}" for n in range(1001)], "/target", "too_long"),
        (7, "/target", "string_type"),
        (None, "/target", "missing"),
        (["height", "hot"], "/target", "mixed_targets"),
    ],
)
def test_bad_lists_are_422_with_a_pointer(
    client: TestClient, upload: Upload, target: Any, pointer: str, code: str
) -> None:
    body = {"dataset_id": upload(TABLE)["id"], "target": target}
    errors = problem(client.post("/v1/jobs", json=body), 422)["errors"]
    assert (pointer, code) in [(error["pointer"], error["code"]) for error in errors]
    assert client.get("/v1/jobs").json()["data"] == []


def test_a_list_of_one_is_answered_as_the_name(client: TestClient, train: Train) -> None:
    jobs = [train(TABLE, target=target, features=FEATURES) for target in (["weight"], "weight")]
    assert jobs[0]["spec"] == {**jobs[1]["spec"], "dataset_id": jobs[0]["spec"]["dataset_id"]}
    models = [client.get(job["links"]["model"]).json() for job in jobs]
    assert models[0]["weights_sha256"] == models[1]["weights_sha256"]
    answers = [predict(client, job["links"])["data"] for job in jobs]
    assert answers[0] == answers[1]
    assert answers[0][0].keys() == {"value", "std", "flags"}
