"""Requests that schemathesis makes from the OpenAPI document, and the checks of their answers.

The tests import this module when they run: schemathesis takes seconds to import, and every process
of pytest-xdist collects all test modules.
"""

from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.control import SkipTest
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
EXAMPLES = settings(
    max_examples=3,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)

# Bytes to the API, and to schemathesis once it has the alias.
schemathesis.serializer.alias("application/offset+octet-stream", "application/octet-stream")

Case: TypeAlias = "schemathesis.Case[Any]"


def list_operations(url: str, mode: str) -> Iterator[Any]:
    """All operations of the document at this URL, for requests of this mode."""
    # The first answer takes long: the service makes the document for it.
    schema = schemathesis.openapi.from_url(url, timeout=60)
    # With one mode alone, schemathesis skips an operation of which no such request can be made;
    # otherwise Hypothesis looks for one 460 times.
    schema.config.generation.update(modes=[GenerationMode(mode)])
    for found in schema.get_all_operations():
        assert isinstance(found, Ok)
        yield found.ok()


def fill_in(case: Case, dataset_id: str, ids: dict[str, str]) -> Case:
    """The case with the ids of what exists."""
    for name in case.path_parameters:
        case.path_parameters[name] = ids.get(name, case.path_parameters[name])
    if isinstance(case.body, dict) and "dataset_id" in case.body:
        case.body |= {"dataset_id": dataset_id, "target": "kind"}
    return case


def check(operation: Any, mode: str, prepare: Callable[[Case], Case]) -> bool:
    """Send requests of this mode, "positive" or "negative", and check their answers.

    Returns:
        False if there is no such request: without a body and a query, nothing can be wrong.
    """

    @EXAMPLES
    @given(case=operation.as_strategy(generation_mode=GenerationMode(mode)))
    def run(case: Case) -> None:
        prepare(case).call_and_validate(checks=CHECKS)

    try:
        run()
    except SkipTest:
        return False
    return True
