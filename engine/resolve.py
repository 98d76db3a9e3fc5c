"""From what a client asked for and a table's description to a spec with nothing left to choose."""

from dataclasses import dataclass

import numpy as np

from engine.architecture import resolve_network, resolve_preprocessing
from engine.columns import choose_features, choose_task, find_target, width
from engine.descent import check_descent
from engine.embedding import check_categorical, fill_tables
from engine.errors import SpecError
from engine.estimates import memory_bytes, parameter_count
from engine.findings import Finding, Report
from engine.layers.base import Layer
from engine.layers.build import build_layers
from engine.pairs import check_target, choose_loss, choose_output, choose_units
from engine.recorded import check_watched, choose_metrics, resolve_schedule
from engine.row_weights import check_class_weight, check_sample_weight
from engine.specs import FractionValidation, ResolvedSpec, Task, TrainingSpec
from engine.splits import count_validation_rows
from engine.tables import ColumnSchema, TableSchema

__all__ = ["Finding", "Resolution", "resolve"]


@dataclass(frozen=True)
class Resolution:
    """A spec that can be run, and what it will be like.

    Attributes:
        spec: with every default filled in.
        findings: what the client should know.
        in_features: inputs of the network; fewer when a category is in no training row.
        out_features: outputs of the network.
        parameter_count: weights and biases, with that many inputs.
        memory_bytes: estimate of the training's arrays.
    """

    spec: ResolvedSpec
    findings: tuple[Finding, ...]
    in_features: int
    out_features: int
    parameter_count: int
    memory_bytes: int


def resolve(spec: TrainingSpec, table: TableSchema) -> Resolution:
    """Fill in every default, check what goes together, and estimate the size.

    Raises:
        SpecError: with everything that is wrong, not only the first.
    """
    report = Report()
    features = choose_features(spec, table, report)
    check_categorical(spec, report)
    check_descent(spec, report)
    check_sample_weight(spec, table, report)
    target = find_target(spec, table, report)
    rows = 0 if target is None else table.rows - target.missing
    task = None if target is None else choose_task(spec, target, rows, report)
    if target is None or task is None:
        check_watched(spec, None, report)
        raise SpecError(report.problems)
    resolved = _fill_in(spec, features, target, task, report)
    in_features = width(features, resolved.preprocessing.categorical)
    layers = _build_layers(resolved, in_features, report)
    held_out = _hold_out(resolved, target, rows, report)
    if report.problems:
        raise SpecError(report.problems)
    return _measure(resolved, layers, in_features, rows, held_out, report)


def _fill_in(
    spec: TrainingSpec,
    features: tuple[ColumnSchema, ...],
    target: ColumnSchema,
    task: Task,
    report: Report,
) -> ResolvedSpec:
    """The spec with its defaults; what does not go together is in the report."""
    classes = (target.distinct or 0) if task == "classification" else 0
    activation = choose_output(spec, task, classes, report)
    loss = choose_loss(spec, task, activation, report)
    check_target(loss, target, report)
    check_class_weight(spec, task, classes, report)
    units = choose_units(spec, loss, activation, classes, report)
    metrics = choose_metrics(spec, task, activation, classes, report)
    check_watched(spec, metrics, report)
    network = resolve_network(fill_tables(spec.network, features, report), activation, units)
    given = {name: getattr(spec, name) for name in TrainingSpec.model_fields}
    chosen = {
        "task": task,
        "features": tuple(column.name for column in features),
        "preprocessing": resolve_preprocessing(spec.preprocessing, network),
        "network": network,
        "loss": loss,
        "schedule": resolve_schedule(spec),
        "metrics": metrics,
    }
    return ResolvedSpec(**(given | chosen))


def _build_layers(spec: ResolvedSpec, in_features: int, report: Report) -> list[Layer]:
    """The layers; none if their shapes do not fit each other, or it cannot be known."""
    unknown = any(problem.pointer.startswith("/network/layers") for problem in report.problems)
    if unknown or in_features == 0:
        return []
    try:
        return build_layers(spec.network, in_features, np.dtype(spec.dtype))
    except SpecError as error:
        report.problems += error.problems
        return []


def _hold_out(spec: ResolvedSpec, target: ColumnSchema, rows: int, report: Report) -> int:
    """How many rows are held out of training."""
    if rows < 2:
        detail = f"training needs at least two rows with a target, there are {rows}"
        report.problem("/target", "too_few_rows", detail)
    elif isinstance(spec.validation, FractionValidation):
        classes = (target.distinct or 1) if spec.task == "classification" else 1
        held_out = count_validation_rows(rows, spec.validation.fraction, classes)
        if held_out >= 1:
            return held_out
        detail = f"of {rows} rows none can be held out: every class needs a row to train on"
        report.problem("/validation", "too_few_rows", detail)
    return 0


def _measure(
    spec: ResolvedSpec,
    layers: list[Layer],
    in_features: int,
    rows: int,
    held_out: int,
    report: Report,
) -> Resolution:
    """Count rows, inputs, parameters and bytes."""
    training_rows = rows - held_out
    if spec.batch_size != "full" and spec.batch_size > training_rows:
        detail = f"there are {training_rows} training rows: every epoch is one step"
        report.info("/batch_size", "batch_is_everything", detail)
    return Resolution(
        spec=spec,
        findings=tuple(report.findings),
        in_features=in_features,
        out_features=spec.network.output.units,
        parameter_count=parameter_count(layers),
        memory_bytes=memory_bytes(spec, layers, in_features, training_rows, held_out),
    )
