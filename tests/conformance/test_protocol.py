"""Requests generated from the protocol's description: every response is one that it describes."""

import copy
from collections import Counter
from typing import Any

import pytest

from tests.conformance.conftest import PIXELS, LiveServer
from tests.conformance.protocol import DOCUMENT

pytestmark = pytest.mark.conformance
TENSOR = {"name": "features", "shape": [2, 2], "datatype": "FP64", "data": PIXELS}


@pytest.mark.parametrize("mode", ["positive", "negative"])
@pytest.mark.parametrize("known", ["nothing", "model", "inputs"])
def test_every_response_is_described(
    live_server: LiveServer, mode: str, known: str, subtests: pytest.Subtests
) -> None:
    from tests.service import described  # noqa: PLC0415 - schemathesis takes seconds to import

    statuses: Counter[int] = Counter()

    def prepare(case: Any) -> Any:
        if known != "nothing":
            names = {"model_name": live_server.case["models"]["value"], "model_version": "1"}
            case.path_parameters |= {name: names[name] for name in case.path_parameters}
        if known == "inputs" and isinstance(case.body, dict):
            case.body = {**case.body, "inputs": [copy.deepcopy(TENSOR)]}
            case.body.pop("outputs", None)
        return case

    def record(response: Any) -> None:
        statuses[response.status_code] += 1

    for operation in described.list_operations_of(DOCUMENT, live_server.url, mode):
        with subtests.test(operation.label):
            described.check(operation, mode, prepare, record)
    assert sum(statuses.values()) > (20 if mode == "positive" else 5)
    assert mode == "negative" or known == "nothing" or statuses[200] > 15
