"""Per-column preprocessing overrides."""

from typing import Any

import pytest

from engine.data.table import ColumnSchema, TableSchema
from engine.errors import SpecError
from engine.resolution.resolve import Resolution, resolve
from engine.specs import (
    EmbeddingSpec,
    EmbeddingTable,
    ResolvedSpec,
    TrainingSpec,
    dump,
)
from tests.engine.resolution.requests import EMBEDDING, codes, layers

TABLE = TableSchema(
    100,
    (
        ColumnSchema("y", "numeric", 0, 80),
        ColumnSchema("number", "numeric", 4, 60),
        ColumnSchema("whole", "numeric", 0, 60),
        ColumnSchema("truth", "boolean", 3, 2),
        ColumnSchema("color", "categorical", 5, 8),
        ColumnSchema("shape/~", "categorical", 0, 4),
        ColumnSchema("moment", "time", 2, 90),
        ColumnSchema("day", "time", 0, 90, integral=True),
        ColumnSchema("remark", "text", 1, None),
        ColumnSchema("void", "numeric", 100, 0),
    ),
)


def ask(*features: str, table: TableSchema = TABLE, **preprocessing: Any) -> Resolution:
    network = preprocessing.pop("network", {})
    spec = {"target": "y", "features": features, "preprocessing": preprocessing, **network}
    return resolve(TrainingSpec.model_validate(spec), table)


def own(name: str, **options: Any) -> dict[str, Any]:
    return {"columns": {name: options}}


def inputs(*features: str, **preprocessing: Any) -> int:
    return ask(*features, **preprocessing).in_features


def test_every_kind_has_its_inputs() -> None:
    assert inputs("number") == inputs("truth") == 1
    assert inputs("color") == 8
    assert inputs("color", max_levels=5) == 5
    assert inputs("color", **own("color", levels=["a", "b"])) == 2
    assert inputs("color", categorical="ordinal") == 1
    assert inputs("moment") == 1 + 2 + 2 + 2
    assert inputs("day") == 1 + 2 + 2
    assert (
        inputs("remark", hash_buckets=32)
        == inputs("remark", **own("remark", hash_buckets=32))
        == 32
    )
    assert inputs("color", **own("color", hash_buckets=3)) == 3
    assert inputs("color", hash_buckets=3) == 8


def test_fill_value_may_add_a_level() -> None:
    assert inputs("color", missing="constant", fill_value="none") == 9
    assert inputs("color", missing="constant", fill_value="none", max_levels=8) == 8


def test_indicator_is_for_columns_with_missing_values() -> None:
    resolution = ask("number", "whole", "color", "moment", missing_indicator=True)
    assert resolution.in_features == 2 + 1 + 9 + 8
    preprocessing = resolution.spec.preprocessing
    indicated = [name for name, own in preprocessing.columns.items() if own.missing_indicator]
    assert indicated == ["number", "color", "moment"]
    assert inputs("number", missing_indicator=True, missing="drop_row") == 1
    assert (
        inputs("number", "color", missing_indicator=True, **own("number", missing_indicator=False))
        == 10
    )
    assert inputs("whole", **own("whole", missing_indicator=True)) == 1
    assert inputs("number", **own("number", missing_indicator=True)) == 2


def test_times_and_hashed_texts_are_marked_for_fitting() -> None:
    preprocessing = ask("moment", "day", "remark", "number", hash_buckets=9).spec.preprocessing
    assert preprocessing.columns.keys() == {"moment", "day", "remark"}
    assert preprocessing.columns["moment"].time == ("year", "month", "weekday", "hour")
    assert preprocessing.columns["day"].time == ("year", "month", "weekday")
    assert preprocessing.columns["remark"].hash_buckets == 9


def test_hour_of_a_date_is_kept_if_it_is_the_only_part() -> None:
    columns = ask("day", time=["hour"]).spec.preprocessing.columns
    assert columns["day"].time == ("hour",)
    columns = ask("day", **own("day", time=["year", "hour"])).spec.preprocessing.columns
    assert columns["day"].time == ("year", "hour")


def test_resolved_preprocessing_resolves_to_itself() -> None:
    options = {"hash_buckets": 9, "missing_indicator": True, **own("color", max_levels=3)}
    spec = ask("moment", "day", "remark", "number", "color", **options).spec
    assert ResolvedSpec.model_validate(dump(spec)) == spec
    again = TrainingSpec.model_validate(dump(spec) | {"network": dump(spec.network)})
    assert resolve(again, TABLE).spec == spec


def test_more_columns_than_a_client_may_list_can_be_resolved() -> None:
    days = tuple(ColumnSchema(f"d{n}", "time", 0, 9, integral=True) for n in range(1200))
    spec = resolve(TrainingSpec(target="y"), TableSchema(100, (*TABLE.columns[:1], *days))).spec
    assert len(spec.preprocessing.columns) == 1200
    assert ResolvedSpec.model_validate(dump(spec)) == spec


COLOR, SHAPE = "/preprocessing/columns/color", "/preprocessing/columns/shape~1~0"


@pytest.mark.parametrize(
    ("features", "options", "pointer", "code"),
    [
        (["number"], own("gone"), "/preprocessing/columns/gone", "unknown_column"),
        (["shape/~"], own("shape/~", numeric="none"), f"{SHAPE}/numeric", "option_and_kind"),
        (["number"], own("number", levels=["1"]), "/preprocessing/columns/number/levels",
         "option_and_kind"),
        (["truth"], own("truth", categorical="ordinal"), "/preprocessing/columns/truth/categorical",
         "option_and_kind"),
        (["number"], own("number", time=["year"]), "/preprocessing/columns/number/time",
         "option_and_kind"),
        (["moment"], own("moment", hash_buckets=4), "/preprocessing/columns/moment/hash_buckets",
         "option_and_kind"),
        (["remark"], own("remark", hash_buckets=4, fill_value="x"),
         "/preprocessing/columns/remark/fill_value", "option_and_kind"),
        (["color"], own("color", levels=["a", "b", "a"]), f"{COLOR}/levels/2", "repeated_level"),
        (["color"], own("color", hash_buckets=4, max_levels=3), f"{COLOR}/hash_buckets",
         "hashed_category"),
        (["color"], {"missing": "constant"}, "/preprocessing/fill_value", "wrong_fill_value"),
        (["number"], {"missing": "constant", "fill_value": "x"}, "/preprocessing/fill_value",
         "wrong_fill_value"),
        (["moment"], {"missing": "constant", "fill_value": "2020-01-01"},
         "/preprocessing/fill_value", "wrong_fill_value"),
        (["truth"], {"missing": "constant", "fill_value": 2.0}, "/preprocessing/fill_value",
         "wrong_fill_value"),
        (["color"], own("color", missing="constant", fill_value=1.0), f"{COLOR}/fill_value",
         "wrong_fill_value"),
        (["shape/~"], own("shape/~", missing="constant", fill_value="z", levels=["a"]),
         f"{SHAPE}/fill_value", "wrong_fill_value"),
        (["void"], {"missing": "drop_row"}, "/preprocessing/missing", "drops_all_rows"),
        (["void"], own("void", missing="drop_row"), "/preprocessing/columns/void/missing",
         "drops_all_rows"),
        (["color"], own("color", missing_indicator=True) | {"network": layers(EMBEDDING)},
         f"{COLOR}/missing_indicator", "coded_column"),
        (["remark"], {}, "/features/0", "text_feature"),
        (["color"], {"categorical": "ordinal", "network": layers(EMBEDDING)},
         "/preprocessing/categorical", "categorical_and_layer"),
        (["color"], own("color", categorical="one_hot") | {"network": layers(EMBEDDING)},
         "/network/layers/0", "nothing_to_embed"),
    ],
)  # fmt: skip
def test_invalid_option_is_refused(
    features: list[str], options: dict[str, Any], pointer: str, code: str
) -> None:
    with pytest.raises(SpecError) as raised:
        ask(*features, **options)
    assert (pointer, code) in {(p.pointer, p.code) for p in raised.value.problems}


def test_common_fill_value_need_not_suit_columns_without_missing_values() -> None:
    ask("number", "shape/~", missing="constant", fill_value=0.0)
    ask("number", "color", **own("color", fill_value="none"), missing="constant", fill_value=-1.0)


@pytest.mark.parametrize(
    ("options", "finding"),
    [
        (own("color", max_levels=3), ("warning", COLOR, "unused_column")),
        (own("number", fill_value=3.0),
         ("warning", "/preprocessing/columns/number/fill_value", "unused_fill_value")),
        ({"missing": "drop_row"}, ("info", "/preprocessing/missing", "rows_left_out")),
    ],
)  # fmt: skip
def test_questionable_option_is_reported(
    options: dict[str, Any], finding: tuple[str, str, str]
) -> None:
    assert finding in codes(ask("number", **options))


def test_codes_come_after_wide_columns_and_before_one_hot_columns() -> None:
    options = own("shape/~", categorical="one_hot") | {"max_levels": 5, "hash_buckets": 6}
    features = ("moment", "shape/~", "color", "remark", "number")
    resolution = ask(*features, **options, missing_indicator=True, network=layers(EMBEDDING))
    (embedding,) = resolution.spec.network.layers
    assert isinstance(embedding, EmbeddingSpec)
    # color has at most five levels, including the shared one, and code 0 for missing values.
    assert embedding.tables == (EmbeddingTable(position=8, codes=6),)
    assert resolution.in_features == 8 + 4 + 1 + 7 + 2


def test_time_target_is_refused() -> None:
    with pytest.raises(SpecError, match="has times") as raised:
        resolve(TrainingSpec(target="moment"), TABLE)
    assert ("/target", "time_target") in {(p.pointer, p.code) for p in raised.value.problems}


def test_text_is_left_out_unless_it_is_hashed() -> None:
    left_out = resolve(TrainingSpec(target="y"), TABLE)
    assert "remark" not in left_out.spec.features
    assert ("info", "/features", "text_left_out") in codes(left_out)
    hashed = TrainingSpec.model_validate({"target": "y", "preprocessing": {"hash_buckets": 8}})
    assert "remark" in resolve(hashed, TABLE).spec.features


def test_validation_column_is_not_a_feature() -> None:
    by_value: dict[str, Any] = {"target": "y", "validation": {"column": "truth"}}
    assert "truth" not in resolve(TrainingSpec.model_validate(by_value), TABLE).spec.features
    with pytest.raises(SpecError) as raised:
        resolve(TrainingSpec.model_validate(by_value | {"features": ["number", "truth"]}), TABLE)
    assert ("/features/1", "split_as_feature") in {
        (p.pointer, p.code) for p in raised.value.problems
    }
    in_order = {"target": "y", "validation": {"order_by": "day"}}
    assert "day" in resolve(TrainingSpec.model_validate(in_order), TABLE).spec.features
