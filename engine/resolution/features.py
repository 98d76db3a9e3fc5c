"""Preprocessing of the features: per-column defaults, plans, and the network's inputs."""

from collections.abc import Sequence
from typing import Any

from engine.data.table import ColumnSchema, TableSchema
from engine.preprocessing.column_options import NO_OVERRIDES, ColumnOptions, options_for
from engine.preprocessing.column_plan import encoding_of, plan_column
from engine.resolution.column_overrides import check_overrides
from engine.resolution.embeddings import categorical_of
from engine.resolution.input_width import NetworkInputs, network_inputs
from engine.resolution.missing_values import report_missing_values
from engine.resolution.report import Report
from engine.specs import (
    ColumnPreprocessingSpec,
    NetworkSpec,
    OutputActivation,
    PreprocessingSpec,
    ResolvedPreprocessing,
    TargetScaling,
    Task,
    TimePart,
    TrainingSpec,
)


def resolve_features(
    spec: TrainingSpec, table: TableSchema, features: Sequence[ColumnSchema], report: Report
) -> tuple[ResolvedPreprocessing, NetworkInputs]:
    """Return the preprocessing with its per-column defaults, and the inputs it leads to.

    Options that do not suit their column are reported.
    """
    preprocessing = resolve_preprocessing(spec.preprocessing, spec.network)
    preprocessing = _record_column_defaults(preprocessing, features)
    plans = [plan_column(preprocessing, c.name, c.kind, c.distinct or 0) for c in features]
    check_overrides(spec, table, plans, report)
    report_missing_values(spec, preprocessing, features, table.rows, report)
    return preprocessing, network_inputs([plan.inputs for plan in plans])


def resolve_preprocessing(spec: PreprocessingSpec, network: NetworkSpec) -> ResolvedPreprocessing:
    """Return the preprocessing with the encoding of categories that suits the first layer.

    The target's scaling is preliminary, until the output activation is known.
    """
    requested = {name: getattr(spec, name) for name in PreprocessingSpec.model_fields}
    defaults = {
        "categorical": spec.categorical or categorical_of(network),
        "target": spec.target or "none",
    }
    return ResolvedPreprocessing(**(requested | defaults))


def resolve_target_scaling(
    spec: PreprocessingSpec, task: Task, activation: OutputActivation
) -> TargetScaling:
    """Return the scaling of a numeric target; the default for a linear output is standardize.

    The inputs, if they are the target, are scaled already.
    """
    if task == "reconstruction":
        return "none"
    return spec.target or ("standardize" if activation == "linear" else "none")


def _record_column_defaults(
    spec: ResolvedPreprocessing, features: Sequence[ColumnSchema]
) -> ResolvedPreprocessing:
    """Return the preprocessing with the per-column defaults that follow from each feature's schema.

    They depend on all rows. Fitting reads the training rows only, and recognizes time columns,
    hashed texts and columns with an indicator by these records.
    """
    resolved: dict[str, ColumnPreprocessingSpec] = {}
    for column in features:
        override = spec.columns.get(column.name, NO_OVERRIDES)
        defaults = _column_defaults(spec, column, override)
        if defaults or column.name in spec.columns:
            resolved[column.name] = override.model_copy(update=defaults)
    return spec.model_copy(update={"missing_indicator": False, "columns": resolved})


def _column_defaults(
    spec: ResolvedPreprocessing, column: ColumnSchema, override: ColumnPreprocessingSpec
) -> dict[str, Any]:
    defaults: dict[str, Any] = {}
    if column.kind == "time":
        defaults["time"] = override.time or _default_time_parts(spec, column)
    if column.kind == "text":
        defaults["hash_buckets"] = override.hash_buckets or spec.hash_buckets
    # The options of most columns are needed only once, for their plan.
    if column.missing > 0 and _is_indicator_useful(column, options_for(spec, column.name)):
        defaults["missing_indicator"] = True
    elif override.missing_indicator is not None:
        defaults["missing_indicator"] = False
    return defaults


def _is_indicator_useful(column: ColumnSchema, options: ColumnOptions) -> bool:
    """Return whether rows without a value are kept, and no embedding has a code for them."""
    is_wanted = options.missing_indicator and options.missing != "drop_row"
    return is_wanted and encoding_of(column.kind, options) != "embedding"


def _default_time_parts(spec: ResolvedPreprocessing, column: ColumnSchema) -> tuple[TimePart, ...]:
    """Return the requested parts, without the hour if all times are midnight."""
    if not column.integral:
        return spec.time
    return tuple(part for part in spec.time if part != "hour") or spec.time
