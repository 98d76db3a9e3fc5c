"""POST /v1/explain: a step that is described by numbers alone."""

import json
from typing import Any, get_args

import pytest
from fastapi.testclient import TestClient

from engine.explain.zeros.causes import Cause
from service.explain.answers import ANSWERS
from service.routes.explain import TEXTBOOK
from service.schemas.dataclass_descriptions import list_dataclasses
from store.replay.states.kept_states import StateKind
from tests.service.conftest import problem


def six_digits(value: float) -> str:
    return f"{value:.6g}"


@pytest.mark.rare
def test_a_child_process_explains_the_textbook_example_to_the_digit(client: TestClient) -> None:
    answer = client.post("/v1/explain", json=TEXTBOOK)
    assert answer.status_code == 200, answer.text
    explanation = answer.json()
    hidden, output = explanation["layers"]
    [h], [y] = hidden["units"][0]["a"]["rows"], output["units"][0]["a"]["rows"]
    w1, w2 = (layer["units"][0]["edges"][0]["entry"] for layer in (hidden, output))
    assert six_digits(h) == "0.549834"
    assert six_digits(y) == "0.581735"
    assert six_digits(explanation["loss"]["value"]) == "0.0874727"
    assert six_digits(w2["loss_gradient"]) == "-0.0559577"
    assert six_digits(w1["loss_gradient"]) == "-0.00755707"
    assert w2["after"] == 0.6 - 0.5 * w2["loss_gradient"]


def test_the_document_has_the_example_and_describes_every_value(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    body = document["paths"]["/v1/explain"]["post"]["requestBody"]["content"]["application/json"]
    assert body["examples"]["textbook"]["value"] == TEXTBOOK
    schemas = document["components"]["schemas"]
    delta = schemas["UnitExplanation"]["properties"]["delta"]
    assert delta["description"].startswith("δ = ∂L/∂z; null if")
    for name in [kind.__name__ for kind in list_dataclasses(*ANSWERS)]:
        assert "Attributes" not in schemas[name]["description"]
        described = {
            key for key, one in schemas[name]["properties"].items() if "description" in one
        }
        assert described == schemas[name]["properties"].keys()


def test_the_document_lists_the_codes_and_names_what_requests_do(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    schemas, paths = document["components"]["schemas"], document["paths"]
    assert schemas["Zero"]["properties"]["cause"]["$ref"].endswith("/Cause")
    assert schemas["Cause"]["enum"] == [*Cause]
    assert schemas["StepOrigin"]["properties"]["kind"]["enum"] == [*get_args(StateKind)]
    assert schemas["InexactReason"]["properties"]["code"]["enum"]
    assert schemas["GradientCheck"]["properties"]["verdict"]["enum"]
    assert paths["/v1/jobs/{job_id}/explain"]["post"]["summary"] == "Explain a step of a job"
    assert not [name for name in schemas if "__" in name]
    for name in ("ExplainRequest", "ExplainStepRequest", "ExplanationView", "ReplayView"):
        properties = schemas[name]["properties"]
        assert not [key for key, one in properties.items() if "description" not in one]


LARGE = {"type": "dense", "units": 65536}


@pytest.mark.parametrize(
    ("change", "pointer", "detail"),
    [
        ({"rows": [[0.5]] * 1025, "targets": [1] * 1025}, "/rows", "at most 1024"),
        ({"rows": []}, "/rows", "at least 1"),
        ({"rows": [[True]]}, "/rows/0/0", "number"),
        ({"targets": ["1"]}, "/targets/0", ""),
        ({"targets": [[1, 2]]}, "/targets/0", "has 2 values instead of 1"),
        ({"weights": {"output.weights": [[1]]}}, "/weights/output.weights", "output.weight?"),
        ({"weights": {"output.weight": [[None]]}}, "/weights/output.weight/0/0", "a number"),
        ({"network": {"layers": [LARGE, LARGE]}}, "/network/output/units", "number of outputs"),
        (
            {"network": {"layers": [LARGE, LARGE], "output": {"units": 1}}},
            "/network",
            "at most 1,000,000",
        ),
        ({"layers": ["hidden"]}, "/layers/0", "known: layers.0, output"),
        ({"layers": ["layer.0"]}, "/layers/0", "known: layers.0"),
        ({"units": {"output": [1]}}, "/units/output/0", "has 1 units, counted from 0"),
        ({"first_row": 1}, "/first_row", "the batch has 1"),
        ({"top": 1_000_000}, "/top", "less than or equal to 1000"),
        ({"max_rows": 257}, "/max_rows", "less than or equal to 256"),
        ({"step": -1}, "/step", "greater than or equal to 0"),
        ({"unknown": 1}, "/unknown", "unknown field"),
    ],
)
def test_what_is_wrong_is_named(
    here: TestClient, change: dict[str, Any], pointer: str, detail: str
) -> None:
    found = problem(here.post("/v1/explain", json=TEXTBOOK | change), 422)
    error = found["errors"][0]
    assert error["pointer"] == pointer
    assert detail in error["detail"]


def test_numbers_beyond_float64_are_refused(here: TestClient) -> None:
    body = json.dumps(TEXTBOOK | {"rows": [["huge"]]}).replace('"huge"', "1" + "0" * 400)
    headers = {"Content-Type": "application/json"}
    found = problem(here.post("/v1/explain", content=body, headers=headers), 422)
    assert found["errors"][0]["pointer"].startswith("/rows/0/0")


def test_a_wide_network_is_explained_in_parts_and_what_is_left_out_is_counted(
    here: TestClient,
) -> None:
    network = {"layers": [{"type": "dense", "units": 300}], "output": {"units": 1}}
    body = TEXTBOOK | {"network": network, "weights": {}, "rows": [[0.5] * 40] * 30}
    answer = here.post("/v1/explain", json=body | {"targets": [1] * 30})
    explanation = answer.json()
    hidden, output = explanation["layers"]
    assert (explanation["rows_shown"], explanation["rows_left_out"]) == (25, 5)
    assert (len(hidden["units"]), hidden["units_left_out"]) == (25, 275)
    assert (len(output["units"][0]["edges"]), output["units"][0]["edges_left_out"]) == (12, 288)
    assert len(answer.content) < 2 * 10**6
    later = here.post("/v1/explain", json=body | {"targets": [1] * 30, "first_unit": 275}).json()
    assert [unit["unit"] for unit in later["layers"][0]["units"]] == [*range(275, 300)]


def test_an_answer_that_would_be_too_long_is_refused_with_its_limit(here: TestClient) -> None:
    network = {"layers": [{"type": "dense", "units": 1000}], "output": {"units": 1}}
    body = TEXTBOOK | {"network": network, "weights": {}, "rows": [[0.5] * 100]}
    found = problem(here.post("/v1/explain", json=body | {"max_units": 1000, "top": 100}), 422)
    assert found["errors"][0]["code"] == "answer_too_large"
    assert "more than 60,000" in found["detail"]


def test_an_explanation_may_have_no_rows_or_numbers_too_large_for_formulas(
    here: TestClient,
) -> None:
    body = TEXTBOOK | {"formulas": "all", "weights": {}}
    none = here.post("/v1/explain", json=body | {"max_rows": 0}).json()
    assert none["layers"][0]["units"][0]["z"]["rows"] == []
    assert none["rows_left_out"] == 1
    network = {"layers": [{"type": "layer_normalization"}], "output": {"units": 1}}
    huge = here.post("/v1/explain", json=body | {"network": network, "rows": [[1e300, 1, 2]]})
    assert huge.status_code == 200, huge.text
