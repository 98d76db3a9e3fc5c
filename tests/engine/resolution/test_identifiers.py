"""Columns that number or identify the rows are left out by default, never silently used."""

from dataclasses import replace
from typing import Any

import pytest

from engine.data.table import ColumnSchema, TableSchema
from engine.findings import list_features
from engine.resolution.resolve import Resolution, resolve
from engine.specs import TrainingSpec
from tests.engine.test_findings import apply_patch

ROWS = 150
COUNT = ColumnSchema("x", "numeric", 0, ROWS, True, 1, ROWS, all_different=True)
SPARSE = replace(COUNT, minimum=10, maximum=90_000)
SIZE = ColumnSchema("size", "numeric", 0, 80, minimum=-2.5, maximum=2.5)
KIND = ColumnSchema("kind", "categorical", 0, 3)


def ask(*columns: ColumnSchema, rows: int = ROWS, **request: Any) -> Resolution:
    spec = TrainingSpec.model_validate({"target": "kind", **request})
    return resolve(spec, TableSchema(rows, (*columns, KIND)))


def found(resolution: Resolution) -> set[tuple[str, str, str]]:
    return {
        (finding.level, finding.code, finding.pointer)
        for finding in resolution.findings
        if finding.code in {"row_number", "identifier"}
    }


@pytest.mark.parametrize("first", [0, 1, -7, 1000])
def test_whole_numbers_that_count_the_rows_are_left_out(first: int) -> None:
    column = replace(COUNT, minimum=first, maximum=first + ROWS - 1)
    resolution = ask(column, SIZE)
    assert resolution.spec.features == ("size",)
    assert found(resolution) == {("info", "row_number", "/features")}


def test_the_number_of_a_row_in_a_large_table_is_recognized() -> None:
    column = replace(COUNT, distinct=None, maximum=60_000)
    assert ask(column, SIZE, rows=60_000).spec.features == ("size",)


@pytest.mark.parametrize(
    "name",
    [
        *("id", "ID", "Id", "customer_id", "customerId", "CustomerID", "customerid", "PassengerId"),
        *("id_client", "uuid", "GUID", "key", "order key", "no", "S.No", "roll_no", "idx"),
        *("Sample code number id", "sample number"),
    ],
)
def test_a_name_of_an_identifier_needs_all_different_values_only(name: str) -> None:
    assert found(ask(replace(SPARSE, name=name), SIZE)) == {("info", "identifier", "/features")}
    repeated = replace(SPARSE, name=name, distinct=100, all_different=False)
    assert found(ask(repeated, SIZE)) == set()


@pytest.mark.parametrize(
    "name",
    ["Unnamed: 0", "Unnamed: 0.1", "column_1", "__index_level_0__", "level_0", "index", "row", "#"],
)
def test_a_name_of_an_index_needs_all_different_values_only(name: str) -> None:
    assert found(ask(replace(SPARSE, name=name), SIZE)) == {("info", "row_number", "/features")}


def test_the_columns_of_a_file_without_a_header_are_not_all_indices() -> None:
    names = ("column_1", "column_2")
    columns = (replace(COUNT, name="column_1"), replace(SPARSE, name="column_2"))
    table = TableSchema(ROWS, (*columns, replace(KIND, name="column_3")))
    resolution = resolve(TrainingSpec(target="column_3"), table)
    assert resolution.spec.features == names[1:]


@pytest.mark.parametrize(
    "column",
    [
        replace(SPARSE, name="price"),
        replace(SPARSE, name="paid"),
        replace(SPARSE, name="body mass index"),
        replace(COUNT, name="x", integral=False),
        replace(COUNT, name="year", minimum=1871, maximum=2020),
        replace(COUNT, name="day"),
        replace(COUNT, name="id", integral=False),
        replace(COUNT, name="x", missing=1, distinct=ROWS - 1),
        ColumnSchema("when", "time", 0, ROWS, True, 0, 150 * 86_400, all_different=True),
        ColumnSchema("id", "categorical", 0, 40, all_different=False),
    ],
    ids=lambda column: f"{column.name} {column.kind}",
)
def test_other_columns_stay(column: ColumnSchema) -> None:
    resolution = ask(column, SIZE)
    assert (resolution.spec.features, found(resolution)) == ((column.name, "size"), set())


def test_categories_that_all_differ_are_left_out() -> None:
    name = ColumnSchema("name", "categorical", 0, 30, all_different=True)
    size = replace(SIZE, distinct=20)
    assert found(ask(name, size, rows=30)) == {("info", "identifier", "/features")}
    assert found(ask(replace(name, distinct=4), size, rows=4)) == set()


def test_datasets_without_the_statistic_use_the_count() -> None:
    assert found(ask(replace(COUNT, all_different=None), SIZE))
    assert not found(ask(replace(COUNT, all_different=None, distinct=ROWS - 1), SIZE))


def test_a_column_that_the_request_names_stays_with_a_warning() -> None:
    warned = {("warning", "row_number", "/features")}
    named = ask(COUNT, SIZE, features=["x", "size"])
    assert (named.spec.features, found(named)) == (("x", "size"), warned)
    assert named.findings[0].fix == list_features(["size"])
    with_options = ask(COUNT, SIZE, preprocessing={"columns": {"x": {"numeric": "robust"}}})
    assert (with_options.spec.features, found(with_options)) == (("x", "size"), warned)


def test_the_fix_of_a_column_left_out_uses_it() -> None:
    (finding,) = ask(COUNT, SIZE).findings
    assert finding.fix == list_features(["x", "size"])


def test_a_column_without_which_no_feature_is_left_stays() -> None:
    resolution = ask(COUNT)
    assert resolution.spec.features == ("x",)
    assert found(resolution) == {("warning", "row_number", "/features")}
    assert resolution.findings[0].fix is None


def test_a_column_that_orders_the_rows_stays() -> None:
    ordered = ask(COUNT, SIZE, validation={"fraction": 0.2, "order_by": "x"})
    assert (ordered.spec.features, found(ordered)) == (("x", "size"), set())


def test_a_column_that_the_shape_of_the_inputs_needs_stays() -> None:
    layers = [{"type": "conv2d", "filters": 2, "kernel_size": 1}, {"type": "flatten"}]
    shaped = ask(COUNT, SIZE, input_shape=[1, 2, 1], network={"layers": layers})
    assert shaped.spec.features == ("x", "size")
    assert shaped.findings[0].fix is None
    assert ask(COUNT, SIZE, input_shape=[1]).spec.features == ("size",)


def test_categories_that_an_embedding_needs_stay() -> None:
    name = ColumnSchema("name", "categorical", 0, ROWS, all_different=True)
    resolution = ask(name, SIZE, network={"layers": [{"type": "embedding"}]})
    assert resolution.spec.features == ("name", "size")


def test_columns_of_one_kind_share_a_finding() -> None:
    names = [f"key {index}_id" for index in range(30)]
    resolution = ask(*(replace(SPARSE, name=name) for name in names), SIZE)
    (finding,) = resolution.findings
    assert finding.detail.startswith("columns 'key 0_id'")
    assert "and 20 more identify the rows and are left out" in finding.detail


NAME = ColumnSchema("ticket id", "text", 0, ROWS, all_different=True)
REMARK = ColumnSchema("remark", "text", 0, ROWS, all_different=True)


def test_texts_that_identify_the_rows_are_not_proposed_for_hashing() -> None:
    resolution = ask(NAME, SIZE)
    assert resolution.spec.features == ("size",)
    assert {finding.code for finding in resolution.findings} == {"identifier"}
    hashed = ask(NAME, SIZE, preprocessing={"hash_buckets": 8})
    assert (hashed.spec.features, found(hashed)) == (("size",), found(resolution))


def test_the_fix_of_an_identifying_text_uses_it() -> None:
    (finding,) = ask(NAME, SIZE).findings
    assert finding.fix is not None
    request = apply_patch({"target": "kind"}, finding.fix["patch"])
    resolution = ask(NAME, SIZE, **request)
    assert resolution.spec.features == ("ticket id", "size")
    assert found(resolution) == {("warning", "identifier", "/features")}


def test_the_fix_of_free_text_uses_it_beside_an_identifying_one() -> None:
    (text,) = [f for f in ask(NAME, REMARK, SIZE).findings if f.code == "text_left_out"]
    assert "'remark'" in text.detail
    assert "ticket" not in text.detail
    assert text.fix is not None
    resolution = ask(NAME, REMARK, SIZE, **apply_patch({}, text.fix["patch"]))
    assert resolution.spec.features == ("remark", "size")
    assert {finding.code for finding in resolution.findings} == {"identifier"}


def test_free_text_that_the_shape_of_the_inputs_has_no_room_for_has_no_fix() -> None:
    (text,) = ask(REMARK, SIZE, input_shape=[1]).findings
    assert (text.code, text.fix) == ("text_left_out", None)
    assert "hashing the words is not possible here: there are 65 inputs" in text.detail


def test_texts_stated_to_be_categorical_are_hashed_by_their_own_option() -> None:
    code = ColumnSchema("code", "categorical", 0, None)
    options = {"columns": {"code": {"max_levels": 5}, "size": {"numeric": "robust"}}}
    columns = (code, REMARK, SIZE)
    resolution = ask(*columns, preprocessing=options)
    (text,) = [f for f in resolution.findings if f.code == "text_left_out"]
    assert text.fix is not None
    mended = ask(*columns, **apply_patch({"preprocessing": options}, text.fix["patch"]))
    assert mended.spec.features == ("code", "remark", "size")
    assert mended.findings == ()
    assert mended.spec.preprocessing.columns["size"].numeric == "robust"


def test_a_text_that_groups_the_rows_is_hashed_by_its_fix() -> None:
    group = replace(REMARK, all_different=False, distinct=ROWS - 9)
    request: dict[str, Any] = {"validation": {"fraction": 0.2, "group_by": "remark"}}
    (finding,) = [f for f in ask(group, SIZE, **request).findings if f.code == "group_left_out"]
    assert finding.fix is not None
    mended = ask(group, SIZE, **apply_patch(request, finding.fix["patch"]))
    assert set(mended.spec.features) == {"remark", "size"}


def test_a_constant_column_is_not_a_feature_beside_which_an_identifier_is_left_out() -> None:
    flat = ColumnSchema("flat", "numeric", 0, 1, minimum=3, maximum=3)
    resolution = ask(COUNT, flat)
    assert resolution.spec.features == ("x", "flat")
    assert found(resolution) == {("warning", "row_number", "/features")}
