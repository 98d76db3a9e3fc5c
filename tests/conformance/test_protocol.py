"""Requests generated from the published protocol: every response is one that it describes."""

import copy
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from tests.conformance.conftest import PIXELS, LiveServer
from tests.conformance.published import Document, load_document

pytestmark = pytest.mark.conformance
TENSOR = {"name": "features", "shape": [2, 2], "datatype": "FP64", "data": PIXELS}
MODEL_PATHS = [
    f"/v2/models/{{model_name}}{version}{operation}"
    for version in ("", "/versions/{model_version}")
    for operation in ("", "/ready", "/infer")
]
PATHS = {"/v2", "/v2/health/live", "/v2/health/ready", "/v2/repository/index", *MODEL_PATHS}
EXAMPLES = 15
# Responses that must be among those to generated requests.
LEAST = {
    ("positive", "nothing"): {200: 10, 404: 60},
    ("positive", "model"): {200: 60, 400: 20},
    ("positive", "inputs"): {200: 100},
    ("negative", "nothing"): {400: 10, 404: 20},
    ("negative", "model"): {400: 30},
    ("negative", "inputs"): {200: 10, 400: 20},
}


@pytest.fixture(scope="module")
def published() -> Document:
    return load_document()


def test_every_operation_of_the_protocol_is_tested(published: Document) -> None:
    assert set(published["paths"]) == PATHS


def prepare_for(known: str, model_id: str) -> Callable[[Any], Any]:
    """Return a change of generated requests: to an existing model, with valid inputs as well."""

    def prepare(case: Any) -> Any:
        if known != "nothing":
            names = {"model_name": model_id, "model_version": "1"}
            case.path_parameters |= {name: names[name] for name in case.path_parameters}
        if known == "inputs" and isinstance(case.body, dict) and "inputs" in case.body:
            case.body = {**case.body, "inputs": [copy.deepcopy(TENSOR)]}
            case.body.pop("outputs", None)
        return case

    return prepare


@pytest.mark.parametrize(("mode", "known"), LEAST)
def test_every_response_is_described(
    live_server: LiveServer,
    published: Document,
    mode: str,
    known: str,
    subtests: pytest.Subtests,
) -> None:
    from tests.service import described  # noqa: PLC0415 - schemathesis takes seconds to import

    statuses: Counter[int] = Counter()

    def record(response: Any) -> None:
        statuses[response.status_code] += 1

    prepare = prepare_for(known, live_server.case["models"]["value"])
    for operation in described.list_operations_of(published, live_server.url, mode):
        with subtests.test(operation.label):
            described.check(operation, mode, prepare, record, EXAMPLES)
    assert all(statuses[status] >= count for status, count in LEAST[mode, known].items())


def test_a_response_that_is_not_described_fails(
    live_server: LiveServer, published: Document
) -> None:
    from tests.service import described  # noqa: PLC0415

    other = copy.deepcopy(published)
    other["components"]["schemas"]["MetadataServerResponse"]["required"].append("uptime")
    operations = described.list_operations_of(other, live_server.url, "positive")
    (metadata,) = [found for found in operations if found.path == "/v2"]
    with pytest.RaisesGroup(pytest.RaisesExc(AssertionError, match="uptime")):
        described.check(metadata, "positive", lambda case: case)
