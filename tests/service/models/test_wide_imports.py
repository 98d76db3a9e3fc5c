"""Imports of models with more columns than other bodies have values for."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi.exceptions import RequestValidationError
from fastapi.testclient import TestClient

from service.http.errors import StoppedValidationError
from service.http.json_bodies import MAX_VALUES
from service.http.json_scan import count_values
from service.models.import_description import parse_description
from service.schemas.imports import ImportRequest
from store.blobs.tensors import pack_arrays
from store.settings import Settings, load_settings
from tests.service.conftest import problem
from tests.service.models.test_imports import as_import

COLUMNS = 9_500


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(data_dir=tmp_path)


def send(client: TestClient, model: Any, weights: bytes) -> Any:
    """Import a model whose description is a file, as large ones must be."""
    files = {"model": ("m.json", json.dumps(model).encode()), "weights": ("w", weights)}
    return client.post("/v1/models", files=files)


def describe(columns: list[Any]) -> dict[str, Any]:
    target = {"type": "classes", "name": "kind", "classes": ["a", "b", "c"]}
    return {
        "network": {"layers": [], "output": {"activation": "softmax"}},
        "preprocessing": {"columns": columns, "target": target},
    }


def describe_wide(count: int = COLUMNS) -> dict[str, Any]:
    """Return a description with all fields of every column, as an exported one has them."""
    return describe(
        [
            {
                "type": "numeric",
                "name": f"column {n}",
                "indicator": False,
                "center": n / 7,
                "scale": 1.5,
                "fill": 0.25,
                "log": n % 2 == 0,
                "minimum": -1e3,
                "maximum": None,
                "clip_spans": 10.0,
            }
            for n in range(count)
        ]
    )


def test_a_wide_model_is_exported_and_imported_with_the_same_bits(client: TestClient) -> None:
    random = np.random.default_rng(1)
    weights = {
        "output.weight": random.normal(size=(COLUMNS, 3)).astype(np.float32),
        "output.bias": random.normal(size=3).astype(np.float32),
    }
    narrow = describe([{"type": "numeric", "name": f"c{n}"} for n in range(COLUMNS)])
    first = send(client, narrow, pack_arrays(weights))
    assert first.status_code == 201, first.text
    exported = client.get(first.json()["links"]["weights"]).content
    description = as_import(client.get(first.json()["links"]["self"]).json())
    assert count_values(json.dumps(description).encode(), MAX_VALUES) > MAX_VALUES
    second = send(client, description, exported)
    assert second.status_code == 201, second.text
    rows = {"rows": random.normal(size=(3, COLUMNS)).tolist()}
    answers = [
        client.post(made.json()["links"]["predict"], json=rows).json()["data"]
        for made in (first, second)
    ]
    assert answers[0] == answers[1]
    assert len(answers[0]) == 3
    columns = [made.json()["preprocessing"]["columns"] for made in (first, second)]
    assert columns[0] == columns[1]


def test_a_wide_description_is_read_as_a_whole_one_is() -> None:
    described = describe_wide()
    found = parse_description(json.dumps(described).encode())
    assert found == ImportRequest.model_validate(described)
    assert found.model_dump(exclude_unset=True) == ImportRequest.model_validate(
        described
    ).model_dump(exclude_unset=True)


def test_a_description_that_is_too_long_for_a_field_is_to_be_a_file(client: TestClient) -> None:
    answer = client.post("/v1/models", data={"model": "x" * 2**21}, files={"weights": b""})
    (found,) = problem(answer, 422)["errors"]
    assert found["pointer"] == "/model"
    assert "as a file" in found["detail"]


@pytest.mark.parametrize("at", [0, 5_000, COLUMNS - 1])
def test_the_first_wrong_column_is_named(client: TestClient, at: int) -> None:
    described = describe_wide()
    described["preprocessing"]["columns"][at]["scale"] = "wide"
    answer = send(client, described, b"")
    errors = problem(answer, 422)["errors"]
    assert [found["pointer"] for found in errors] == [f"/preprocessing/columns/{at}/scale"]


def test_reading_stops_at_wrong_columns() -> None:
    described = describe_wide(60_000)
    described["preprocessing"]["columns"][9] = {"type": "numeric", "name": "a", "scales": 1}
    # The text is not even JSON after them.
    content = json.dumps(described).encode().removesuffix(b"}") + b"!"
    with pytest.raises(StoppedValidationError) as error:
        parse_description(content)
    places = [found["loc"] for found in error.value.errors()]
    assert places == [("body", "preprocessing", "columns", 9, "numeric", "scales")]


@pytest.mark.parametrize(
    ("content", "place"),
    [
        (json.dumps(describe([{"type": "x"}] * 1_000_000)), ()),
        (json.dumps(describe_wide(65_537)), ("preprocessing", "columns")),
        (json.dumps({"network": ["012345678901234"] * 120_000}), ("network",)),
    ],
)
def test_descriptions_of_too_many_values_are_refused(content: str, place: tuple[str, ...]) -> None:
    with pytest.raises(RequestValidationError) as error:
        parse_description(content.encode())
    found = error.value.errors()
    assert [(one["type"], one["loc"]) for one in found] == [("too_many_values", ("body", *place))]
