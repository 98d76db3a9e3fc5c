"""From what a client asked for and a table's description to a spec with nothing left to choose."""

from dataclasses import dataclass

from engine.architecture import choose_loss, choose_output, choose_units, resolve_network
from engine.columns import choose_features, choose_task, find_target, width
from engine.errors import SpecError
from engine.estimates import memory_bytes, parameter_count
from engine.findings import Finding, Report
from engine.specs import ResolvedSpec, Task, TrainingSpec
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
    target = find_target(spec, table, report)
    _check_early_stopping(spec, report)
    if target is None:
        raise SpecError(report.problems)
    rows = table.rows - target.missing
    _check_rows(rows, report)
    task = choose_task(spec, target, rows, report)
    resolved = _resolve(spec, features, target, task, report)
    if resolved is None or report.problems:
        raise SpecError(report.problems)
    return _measure(resolved, features, target, rows, report)


def _resolve(
    spec: TrainingSpec,
    features: tuple[ColumnSchema, ...],
    target: ColumnSchema,
    task: Task | None,
    report: Report,
) -> ResolvedSpec | None:
    """The spec with its defaults; None if the task is unknown, which is a problem already."""
    if task is None:
        return None
    classes = (target.distinct or 0) if task == "classification" else 0
    activation = choose_output(spec, task, classes, report)
    loss = choose_loss(spec, task, activation, report)
    units = choose_units(spec, activation, task, classes, report)
    network = resolve_network(spec.network, activation, units)
    if report.problems:
        return None
    given = {name: getattr(spec, name) for name in TrainingSpec.model_fields}
    names = tuple(column.name for column in features)
    chosen = {"task": task, "features": names, "network": network, "loss": loss}
    return ResolvedSpec(**(given | chosen))


def _measure(
    spec: ResolvedSpec,
    features: tuple[ColumnSchema, ...],
    target: ColumnSchema,
    rows: int,
    report: Report,
) -> Resolution:
    """Count rows, inputs, parameters and bytes."""
    classes = (target.distinct or 1) if spec.task == "classification" else 1
    held_out = 0
    if spec.validation is not None:
        held_out = count_validation_rows(rows, spec.validation.fraction, classes)
    if held_out < (0 if spec.validation is None else 1):
        detail = f"of {rows} rows none can be held out: every class needs a row to train on"
        report.problem("/validation", "too_few_rows", detail)
    if report.problems:
        raise SpecError(report.problems)
    training_rows = rows - held_out
    if spec.batch_size != "full" and spec.batch_size > training_rows:
        detail = f"there are {training_rows} training rows: every epoch is one step"
        report.info("/batch_size", "batch_is_everything", detail)
    in_features = width(features)
    return Resolution(
        spec=spec,
        findings=tuple(report.findings),
        in_features=in_features,
        out_features=spec.network.output.units,
        parameter_count=parameter_count(spec.network, in_features),
        memory_bytes=memory_bytes(spec, in_features, training_rows, held_out),
    )


def _check_rows(rows: int, report: Report) -> None:
    if rows < 2:
        detail = f"training needs at least two rows with a target, there are {rows}"
        report.problem("/target", "too_few_rows", detail)


def _check_early_stopping(spec: TrainingSpec, report: Report) -> None:
    stopping = spec.early_stopping
    if stopping is not None and stopping.metric == "validation_loss" and spec.validation is None:
        detail = 'without validation rows there is no validation_loss; use "loss"'
        report.problem("/early_stopping/metric", "no_validation", detail)
