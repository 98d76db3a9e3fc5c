"""CSV, Arrow and Parquet have the numbers of the JSON answer, bit for bit."""

import csv
import io
import json
import math
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from engine.predictor import Predictions
from engine.preprocessing.fitted import ClassTarget, NumericTarget, NumericTargets
from engine.preprocessing.preprocessing import Preprocessing
from service.http.errors import InvalidQueryError
from service.predictions import answer_columns, pieces
from service.predictions.answers import Answers, answer
from service.predictions.json_answer import write_json
from service.predictions.table_answer import (
    check_csv_options,
    iterate_csv,
    write_arrow,
    write_csv,
    write_parquet,
)
from service.schemas.predict_options import PredictOptions
from tests.service.predictions.test_json_answer import CASES, ROWS, served


def answers(name: str, **options: Any) -> Answers:
    model = served(name)
    return answer(model, model.reader.read(ROWS), PredictOptions.model_validate(options))


def from_json(found: Answers) -> list[dict[str, Any]]:
    """Return the rows of the JSON answer, with the names of a table's columns."""
    content = json.loads(write_json(found))
    return [name_values(row, content["classes"], found) for row in content["data"]]


PREFIXES = {
    "probabilities": "probability_",
    "scores": "score_",
    "std": "std_",
    "columns": "error_",
    "values": "",
    "labels": "",
}


def name_values(row: dict[str, Any], classes: Any, found: Answers) -> dict[str, Any]:
    named: dict[str, Any] = {}
    for key, value in row.items():
        prefix = PREFIXES.get(key, "")
        if key == "activations":
            named |= {f"{layer}_{n}": v for layer, u in value.items() for n, v in enumerate(u)}
        elif key == "abstained" and found.abstained is None:
            continue
        elif key == "abstained" and isinstance(value, list):
            named |= {f"abstained_{name}": name in value for name in row["labels"]}
        elif isinstance(value, list) and key != "flags":
            levels = [json.dumps(level) for level in classes]
            named |= {f"{prefix}{level}": v for level, v in zip(levels, value, strict=True)}
        elif isinstance(value, dict):
            named |= {f"{prefix}{name}": v for name, v in value.items()}
        elif value is not None or key == "label":
            named[key] = value
    return named


def as_text(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case list():
            return ";".join(f"{flag['column']}:{flag['flag']}" for flag in value)
        case _:
            return str(value)


@pytest.mark.parametrize(("name", "options"), CASES)
def test_tables_have_the_values_of_the_json_answer(name: str, options: dict[str, Any]) -> None:
    found = answers(name, **options)
    expected = from_json(found)
    streamed = pa.ipc.open_stream(write_arrow(found)).read_all()
    filed = pq.read_table(io.BytesIO(write_parquet(found)))
    for table in (streamed, filed):
        assert table.to_pylist() == expected
        assert all(field.type != pa.float32() for field in table.schema)
    if "stats" in options:
        return
    rows = list(csv.DictReader(io.StringIO(write_csv(found).decode())))
    assert rows == [{key: as_text(value) for key, value in row.items()} for row in expected]
    assert list(rows[0])[-1] == "flags"


def test_metadata_of_a_table_has_what_json_has_besides_the_rows() -> None:
    found = answers("classes", stats=True, layers="layers.0")
    content = json.loads(write_json(found))
    for table in (
        pa.ipc.open_stream(write_arrow(found)).read_all(),
        pq.read_table(io.BytesIO(write_parquet(found))),
    ):
        metadata = {key.decode(): value.decode() for key, value in table.schema.metadata.items()}
        assert metadata["model_id"] == content["model_id"]
        assert {key: json.loads(metadata[key]) for key in ("classes", "stats", "layers")} == {
            key: content[key] for key in ("classes", "stats", "layers")
        }


def test_csv_refuses_stats() -> None:
    check_csv_options(PredictOptions(layers="all"))
    with pytest.raises(InvalidQueryError) as caught:
        check_csv_options(PredictOptions(stats=True))
    assert [problem.pointer for problem in caught.value.errors] == ["/stats"]


def test_a_table_of_too_many_columns_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answer_columns, "MAX_ANSWER_COLUMNS", 4)
    found = answers("number", layers="all")
    for write in (write_csv, write_arrow, write_parquet):
        with pytest.raises(InvalidQueryError) as caught:
            write(found)
        assert caught.value.errors[0].code == "too_many_columns"


def with_target(found: Answers, target: Any, values: Any) -> Answers:
    """Return an answer of a model with another target."""
    preprocessing = Preprocessing(found.model.preprocessing.columns, target)
    model = replace(found.model, preprocessing=preprocessing)
    return replace(found, model=model, found=Predictions(values, values), rows=len(values))


@pytest.mark.parametrize(
    ("classes", "arrow_type"),
    [
        (("a", "=b"), pa.string()),
        ((1, 2), pa.int64()),
        ((1, 2**63), pa.string()),
        ((False, True), pa.bool_()),
        ((0.5, 1.5), pa.float64()),
        ((1, "a"), pa.string()),
    ],
)
def test_labels_keep_their_type(classes: Any, arrow_type: pa.DataType) -> None:
    values = np.array([[0.25, 0.75]], np.float32)
    found = with_target(answers("classes"), ClassTarget("y", classes), values)
    found = replace(found, flags=())
    assert (
        pa.ipc.open_stream(write_arrow(found)).read_all().schema.field("label").type == arrow_type
    )
    assert len(write_csv(found).decode().splitlines()) == 2


def test_texts_of_csv_are_not_formulas() -> None:
    values = np.array([[0.25, 0.75]], np.float32)
    found = with_target(answers("classes"), ClassTarget("y", ("a", "=b")), values)
    row = next(csv.DictReader(io.StringIO(write_csv(replace(found, flags=())).decode())))
    assert row["label"] == "'=b"


def test_names_of_columns_are_unique() -> None:
    names = ("flags", "std_flags", "value")
    target = NumericTargets(tuple(NumericTarget(name, 0, 1) for name in names))
    found = with_target(answers("numbers"), target, np.ones((2, 3)))
    table = pa.ipc.open_stream(write_arrow(replace(found, flags=()))).read_all()
    assert table.column_names == [
        *("flags_2", "std_flags", "value"),
        *("std_flags_2", "std_std_flags", "std_value", "flags"),
    ]


@pytest.mark.parametrize("number", [math.inf, -math.inf, math.nan])
def test_outputs_of_layers_that_are_not_finite_are_missing(number: float) -> None:
    found = answers("number", layers="output")
    assert not isinstance(found.found, list)
    outputs = np.full((len(ROWS), 1), number, np.float32)
    found = replace(found, found=replace(found.found, activations={"output": outputs}))
    table = pa.ipc.open_stream(write_arrow(found)).read_all()
    assert table.column("output_0").null_count == len(ROWS)
    assert from_json(found)[0]["output_0"] is None


@pytest.mark.parametrize(("name", "options"), CASES)
def test_the_pieces_of_csv_are_the_whole(
    name: str, options: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = answers(name, **{**options, "stats": False})
    whole = write_csv(found)
    monkeypatch.setattr(pieces, "PIECE_VALUES", 1)
    assert write_csv(found) == whole
    assert len(list(iterate_csv(found))) == 1 + len(ROWS)
