"""Validators that stop at the first wrong item."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from service.http.fail_fast import MAX_UNKNOWN_FIELDS, make_fail_fast_validator
from service.schemas.explain import ExplainStepRequest
from service.schemas.imports import ImportRequest
from service.schemas.job_requests import JobRequest

DATA = {"dataset_id": "ds_1", "target": "kind"}
COLUMNS = ("preprocessing", "columns")
DENSE = {"type": "dense", "units": 3}


def count_errors(model: type[BaseModel], document: object) -> list[tuple[Any, ...]]:
    with pytest.raises(ValidationError) as raised:
        make_fail_fast_validator(model).validate_python(document)
    return [error["loc"] for error in raised.value.errors()]


@pytest.mark.parametrize(
    ("model", "document", "places"),
    [
        (JobRequest, {**DATA, "metadata": {f"!{n}": 1 for n in range(9)}}, [("metadata", "!0")]),
        (JobRequest, {**DATA, "network": {"layers": [{"type": "x"}] * 9}}, [("network", "layers")]),
        (JobRequest, {**DATA, "network": {"layers": [DENSE] * 99}}, [("network", "layers")]),
        (
            JobRequest,
            {**DATA, "network": {"layers": [{"type": "residual", "layers": [{}] * 9}] * 9}},
            [("network", "layers")],
        ),
        (
            JobRequest,
            {**DATA, "network": {f"{n}": 1 for n in range(MAX_UNKNOWN_FIELDS + 3)}},
            [("network",)],
        ),
        (ExplainStepRequest, {"rows": [["a", "b"], ["c"]]}, [("rows", 0)]),
        (ImportRequest, {"preprocessing": {"columns": [{"type": "x"}] * 9}}, [COLUMNS]),
    ],
)
def test_of_a_list_the_first_wrong_item_is_described(
    model: type[BaseModel], document: object, places: list[tuple[Any, ...]]
) -> None:
    found = count_errors(model, document)
    length = len(places[0])
    assert [place[:length] for place in found].count(places[0]) <= 2
    assert places[0] in [place[:length] for place in found]
    assert len(found) < 12


LAYERS: st.SearchStrategy[Any] = st.recursive(
    st.sampled_from([DENSE, {"type": "flatten"}, {"type": "dropout", "rate": 0.5}, {"type": "x"}]),
    lambda inner: st.lists(inner, max_size=3).map(lambda few: {"type": "residual", "layers": few}),
    max_leaves=5,
)


@settings(max_examples=60, deadline=None)
@given(
    st.fixed_dictionaries(
        {"dataset_id": st.just("ds_1"), "target": st.just("kind")},
        optional={
            "features": st.lists(st.sampled_from(["a", "b", 1, ""]), max_size=3),
            "metadata": st.dictionaries(st.sampled_from(["a", "!", "b"]), st.sampled_from(["", 1])),
            "network": st.fixed_dictionaries({"layers": st.lists(LAYERS, max_size=3)}),
            "metrics": st.lists(st.sampled_from(["accuracy", "x"]), max_size=2),
        },
    )
)
def test_the_same_is_accepted_and_refused(document: Any) -> None:
    validator = make_fail_fast_validator(JobRequest)
    try:
        expected = JobRequest.model_validate(document)
    except ValidationError:
        assert count_errors(JobRequest, document)
    else:
        assert validator.validate_python(document) == expected
