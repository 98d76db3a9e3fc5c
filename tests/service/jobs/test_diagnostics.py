"""GET /v1/jobs/{id}/diagnostics, and the options that act on what it shows."""

import csv
import io
from typing import Any

import pytest
from fastapi.testclient import TestClient

from engine.training.diagnosis.rules import RULES, RULES_BY_CODE
from store.settings import Settings
from tests.service.conftest import Train, Upload, problem
from tests.training import train_waiting_jobs

STALLED: dict[str, Any] = {
    "epochs": 12,
    "network": {"layers": [{"type": "dense", "units": 3, "activation": "tanh"}]},
    "optimizer": {"type": "sgd", "learning_rate": 1e-9},
}


def diagnostics(client: TestClient, job: dict[str, Any], **query: Any) -> dict[str, Any]:
    answer = client.get(job["links"]["diagnostics"], params=query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_findings_state_since_when_and_what_helps(client: TestClient, train: Train) -> None:
    job = train(**STALLED)
    found = diagnostics(client, job)
    (finding,) = found["findings"]
    assert (finding["code"], finding["since"], finding["epoch"]) == ("no_learning", 0, 10)
    assert finding["remedy"] == RULES_BY_CODE["no_learning"].remedy
    kept = {key: finding[key] for key in finding.keys() - {"since", "remedy"}}
    assert kept in job["findings"]
    assert found["verdict"] == (
        "the rules have found 1: no_learning at /optimizer/learning_rate since epoch 0"
    )


def test_epochs_have_the_statistics_of_their_layers_in_pages(
    client: TestClient, train: Train
) -> None:
    job = train(**STALLED)
    losses = client.get(job["links"]["losses"]).json()["data"]
    first = diagnostics(client, job, limit=5)
    rest = diagnostics(client, job, after=first["next"])
    assert (first["has_more"], rest["has_more"], rest["next"]) == (True, False, None)
    epochs = first["data"] + rest["data"]
    assert [epoch["epoch"] for epoch in epochs] == list(range(12))
    assert [epoch["layers"] for epoch in epochs] == [loss["layers"] for loss in losses]
    hidden, output = epochs[0]["layers"]
    assert 0 <= hidden["saturated_units"] <= 1
    assert (hidden["dead_units"], output["saturated_units"]) == (None, None)
    assert first["findings"] == rest["findings"]


def test_a_job_without_findings_lists_the_rules_and_its_epochs_as_csv(
    client: TestClient, train: Train
) -> None:
    job = train()
    found = diagnostics(client, job)
    assert (found["verdict"], found["findings"]) == ("the rules have found nothing in 2 epochs", [])
    assert [rule["code"] for rule in found["rules"]] == [rule.code for rule in RULES]
    for rule in found["rules"]:
        assert rule["epochs"] >= 1
        named = {name for name in rule["thresholds"] if f"`{name}`" in rule["condition"]}
        assert named == rule["thresholds"].keys()
    answer = client.get(job["links"]["diagnostics"], headers={"Accept": "text/csv"})
    assert answer.headers["content-type"].startswith("text/csv")
    lines = list(csv.DictReader(io.StringIO(answer.text)))
    assert [(line["epoch"], line["layer"]) for line in lines] == [
        (epoch, layer) for epoch in "01" for layer in ("layers.0", "output")
    ]
    shown = found["data"][0]["layers"][0]
    assert float(lines[0]["gradient_norm"]) == shown["gradient_norm"]
    assert lines[0]["saturated_units"] == ""


LINE = "x,y\n" + "\n".join(f"{n},{n * n}" for n in range(50))
DIVERGING: dict[str, Any] = {
    "target": "y",
    "task": "regression",
    "network": {"layers": []},
    "optimizer": {"type": "sgd", "learning_rate": 1000.0},
    "epochs": 12,
    "validation": None,
}


def test_the_verdict_states_where_a_training_diverged_and_the_remedy(
    client: TestClient, train: Train
) -> None:
    job = train(LINE, **DIVERGING)
    assert job["status_reason"] == "diverged"
    data, verdict = job["error"]["data"], diagnostics(client, job)["verdict"]
    place = f"training diverged in epoch {data['epoch']}, step {data['step']}: output has"
    assert verdict.startswith(place)
    assert f"a learning rate of {data['suggested_learning_rate']:g} trains" in verdict


def test_the_verdict_states_that_a_training_was_restored_and_the_remedy(
    client: TestClient, train: Train
) -> None:
    job = train(LINE, **DIVERGING, on_divergence={"scale_rate": 0.0001})
    assert job["status"] == "succeeded"
    verdict = diagnostics(client, job)["verdict"]
    assert verdict.startswith("the training diverged and was restored: epoch ")
    assert "(output had non-finite values)" in verdict
    assert "with a learning rate of 0.1 instead of 1000" in verdict
    assert "lower the learning rate" in verdict


def test_the_remedy_of_vanishing_gradients_fits_the_activations(
    client: TestClient, train: Train
) -> None:
    layer = {"type": "dense", "units": 4, "activation": "sigmoid"}
    job = train(network={"layers": [layer] * 8}, epochs=5, validation=None)
    (finding,) = (f for f in diagnostics(client, job)["findings"] if "vanishing" in f["code"])
    assert finding["remedy"].startswith("use relu instead of sigmoid")
    assert finding["remedy"] in finding["detail"]


def test_a_job_that_has_not_begun(client: TestClient, upload: Upload) -> None:
    body = {"dataset_id": upload()["id"], "target": "kind"}
    job = client.post("/v1/jobs", json=body).json()
    found = diagnostics(client, job)
    assert (found["verdict"], found["data"]) == ("no step has been trained yet", [])


def test_an_unknown_job_is_a_404(client: TestClient) -> None:
    problem(client.get("/v1/jobs/job_x/diagnostics"), 404)


def test_a_finding_in_a_fold_is_listed(client: TestClient, train: Train) -> None:
    job = train(**STALLED, validation={"folds": 2})
    pointers = {f["pointer"] for f in diagnostics(client, job)["findings"]}
    assert pointers == {"/validation", "/optimizer/learning_rate"}


def test_both_options_are_validated_resolved_and_kept(
    client: TestClient, upload: Upload, settings: Settings
) -> None:
    body: dict[str, Any] = {"dataset_id": upload()["id"], "target": "kind", **STALLED}
    body |= {"on_finding": "stop", "on_divergence": {"tries": 2}}
    validated = client.post("/v1/jobs/validate", json=body).json()
    rule = {"restore": True, "scale_rate": 0.5, "tries": 2}
    assert (validated["spec"]["on_finding"], validated["spec"]["on_divergence"]) == ("stop", rule)
    posted = client.post("/v1/jobs", json=body)
    assert posted.json()["spec"]["on_divergence"] == rule
    train_waiting_jobs(settings)
    job = client.get(posted.headers["Location"]).json()
    assert (job["status"], job["status_reason"]) == ("succeeded", "finding")
    assert job["progress"]["epoch"] == 10
    assert job["model_id"] is not None


@pytest.mark.parametrize(
    ("options", "pointer"),
    [
        ({"on_finding": "ignore"}, "/on_finding"),
        ({"on_divergence": {"restore": False}}, "/on_divergence/restore"),
        ({"on_divergence": {"scale_rate": 1.0}}, "/on_divergence/scale_rate"),
        ({"on_divergence": {"tries": 0}}, "/on_divergence/tries"),
        ({"on_divergence": True}, "/on_divergence"),
    ],
)
def test_a_wrong_option_is_named(
    client: TestClient, upload: Upload, options: dict[str, Any], pointer: str
) -> None:
    body = {"dataset_id": upload()["id"], "target": "kind", **options}
    found = problem(client.post("/v1/jobs", json=body), 422)
    assert [error["pointer"] for error in found["errors"]] == [pointer]
