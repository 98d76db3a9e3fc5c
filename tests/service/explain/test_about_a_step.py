"""Counterfactual steps, rate sweeps and gradient checks of a job's steps."""

import math
from typing import Any

import orjson
import pytest
from fastapi.testclient import TestClient
from pydantic import TypeAdapter

from service.explain.answers import (
    CounterfactualAnswer,
    DistributionsAnswer,
    GradientCheckAnswer,
    JobExplanation,
    RateSweepAnswer,
)
from tests.service.conftest import Upload, problem
from tests.service.explain.conftest import SMALL, Trained


def ask(trained: Trained, about: str, step: int = 4, **body: Any) -> dict[str, Any]:
    answer = trained.post(step, about, **body)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    assert (found["job_id"], found["at"]["step"]) == (trained.job["id"], step)
    assert (found["exact"], found["origin"]["replayed_steps"]) == (True, step)
    return found


def test_the_actual_step_of_a_counterfactual_is_the_explained_one(trained: Trained) -> None:
    explained = trained.explain(4)
    later = trained.explain(5, rows=[row["number"] for row in explained["rows"]["shown"]])
    found = ask(trained, "counterfactual", learning_rate=0.1)
    counterfactual = found["counterfactual"]
    assert counterfactual["changed_fields"] == ["learning_rate"]
    assert counterfactual["optimizer_state"] == "kept"
    assert counterfactual["changed"]["learning_rate"] == 0.1
    losses = counterfactual["batch"]["losses"]
    assert losses["before"] == explained["explanation"]["loss"]["value"]
    assert losses["actual"] == later["explanation"]["loss"]["value"]
    assert losses["changed"] != losses["actual"]
    assert found["row_numbers"] == [row["number"] for row in explained["rows"]["shown"]]
    outputs = [row["before"] for row in counterfactual["batch"]["outputs"]]
    assert outputs == explained["explanation"]["loss"]["outputs"]
    assert counterfactual["cosine"] == pytest.approx(1)


@pytest.mark.parametrize(
    ("change", "fields", "others"),
    [
        ({"optimizer": "sgd"}, ["optimizer"], None),
        ({"loss": {"type": "hinge"}}, None, None),
        ({"gradient_clip": {"type": "norm", "limit": 1e-3}}, ["gradient_clip"], None),
        ({"batch_size": 8}, ["batch_size"], 8),
        ({"rows": [0, 1, 2]}, ["rows"], 3),
    ],
)
def test_what_is_changed_is_named(
    trained: Trained, change: dict[str, Any], fields: list[str] | None, others: int | None
) -> None:
    answer = trained.post(4, "counterfactual", **change)
    if fields is None:
        assert problem(answer, 422)["errors"][0]["pointer"] == "/loss"
        return
    found = answer.json()
    assert found["counterfactual"]["changed_fields"] == fields
    other = found["counterfactual"]["other_batch"]
    assert (None if other is None else other["rows"]) == others
    numbers = found["other_row_numbers"]
    assert (None if numbers is None else len(numbers)) == others


def test_the_next_rows_of_the_epoch_begin_with_those_of_the_step(trained: Trained) -> None:
    found = ask(trained, "counterfactual", batch_size=20, max_rows=20)
    assert found["other_row_numbers"][:16] == found["row_numbers"]


def test_a_rate_sweep_contains_the_actual_step(trained: Trained) -> None:
    explained = trained.explain(4)["explanation"]
    sweep = ask(trained, "rate-sweep")["sweep"]
    assert sweep["loss"] == explained["loss"]["value"]
    assert len(sweep["rates"]) == 49
    assert sweep["rate"] == explained["update"]["learning_rate"]
    middle = sweep["rates"].index(pytest.approx(sweep["rate"]))
    assert sweep["update"]["losses"][middle] == pytest.approx(sweep["loss_after"])
    assert len(ask(trained, "rate-sweep", points=3, lowest=0.1)["sweep"]["rates"]) == 3


def test_gradients_are_checked_per_layer(trained: Trained) -> None:
    found = ask(trained, "gradient-check")
    check = found["check"]
    assert (check["verdict"], check["is_complete"]) == ("passed", True)
    assert [layer["layer"] for layer in check["layers"]] == ["layers.0", "output"]
    assert check["checked"] + check["at_kinks"] == check["parameters"] == 21
    few = ask(trained, "gradient-check", per_layer=2, rows=[3])["check"]
    assert few["checked"] + few["at_kinks"] == 4


def test_distributions_count_every_number(trained: Trained) -> None:
    found = ask(trained, "distributions", bins=10)
    layers = found["distributions"]["layers"]
    assert [layer["name"] for layer in layers] == ["layers.0", "output"]
    explained = trained.explain(4)["explanation"]["layers"]
    for layer, other in zip(layers, explained, strict=True):
        for parameter in other["parameters"]:
            weights = layer["weights"][parameter["name"]]
            assert sum(weights["histogram"]["counts"]) == weights["count"]
            assert weights["count"] == math.prod(parameter["shape"])
            assert len(weights["histogram"]["edges"]) == 11
        assert layer["activations"]["count"] == 16 * other["unit_count"]


@pytest.mark.parametrize(
    ("about", "body", "pointer"),
    [
        ("counterfactual", {}, ""),
        ("counterfactual", {"learning_rate": 0}, "/learning_rate"),
        ("counterfactual", {"optimizer": "sgd2"}, "/optimizer"),
        ("counterfactual", {"loss": "poisson"}, "/loss"),
        ("counterfactual", {"batch_size": 8, "rows": [1]}, ""),
        ("counterfactual", {"optimizer": "lbfgs", "gradient_clip": {"type": "norm"}}, "/gradient_"),
        ("counterfactual", {"rows": [60]}, "/rows"),
        ("rate-sweep", {"points": 202}, "/points"),
        ("rate-sweep", {"points": 1}, "/points"),
        ("rate-sweep", {"lowest": 1, "highest": 0.5}, "/highest"),
        ("rate-sweep", {"lowest": -1}, "/lowest"),
        ("gradient-check", {"per_layer": 0}, "/per_layer"),
        ("gradient-check", {"most": 10**6}, "/most"),
        ("gradient-check", {"rows": "all"}, "/rows"),
        ("distributions", {"bins": 0}, "/bins"),
    ],
)
def test_what_is_wrong_is_named(
    trained: Trained, about: str, body: dict[str, Any], pointer: str
) -> None:
    found = problem(trained.post(4, about, **body), 422)
    assert found["errors"][0]["pointer"].startswith(pointer)


@pytest.mark.parametrize(
    "about", ["explain", "counterfactual", "rate-sweep", "gradient-check", "distributions"]
)
def test_links_of_a_job_lead_to_them(trained: Trained, about: str) -> None:
    link = trained.job["links"][about.replace("-", "_")]
    body = {"learning_rate": 1.0} if about == "counterfactual" else {}
    assert trained.client.post(link, json={"step": 0, **body}).status_code == 200
    problem(trained.post(9, about, **body), 404)


def test_a_job_that_was_cancelled_before_its_first_step_has_no_such_links(
    here: TestClient, upload: Upload
) -> None:
    body = {"dataset_id": upload()["id"], "target": "kind", **SMALL}
    queued = here.post("/v1/jobs", json=body).json()
    assert "explain" in queued["links"]
    here.post(queued["links"]["cancel"])
    cancelled = here.get(queued["links"]["self"]).json()
    assert cancelled["links"].keys().isdisjoint({"explain", "gradient_check", "replay"})


@pytest.mark.parametrize(
    ("about", "kind", "body"),
    [
        ("explain", JobExplanation, {"units": {"layers.0": [1]}, "matrices": ["output.weight"]}),
        ("explain", JobExplanation, {"rows": [5]}),
        ("counterfactual", CounterfactualAnswer, {"batch_size": 8, "loss": "mean_squared_error"}),
        ("rate-sweep", RateSweepAnswer, {}),
        ("gradient-check", GradientCheckAnswer, {}),
        ("distributions", DistributionsAnswer, {}),
    ],
)
def test_answers_are_of_the_documented_form(
    trained: Trained, about: str, kind: type, body: dict[str, Any]
) -> None:
    answer = trained.post(4, about, **body)
    assert answer.status_code == 200, answer.text
    found: Any = TypeAdapter(kind).validate_json(answer.content, strict=True)
    assert orjson.loads(orjson.dumps(found)) == answer.json()
