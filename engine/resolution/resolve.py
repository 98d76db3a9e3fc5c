"""Resolution of a training request against a table's schema: every default filled in."""

from dataclasses import dataclass, replace

import numpy as np

from engine.data.batches import count_steps
from engine.data.table import ColumnSchema, FileConventions, TableSchema
from engine.errors import SpecError
from engine.findings import Finding, join_feature_lists
from engine.layers.base import Layer
from engine.layers.build import build_layers
from engine.preprocessing.fitted import FittedTarget
from engine.resolution.embeddings import check_categorical, fill_tables
from engine.resolution.features import (
    resolve_features,
    resolve_preprocessing,
    resolve_target_scaling,
)
from engine.resolution.fixes import put
from engine.resolution.input_width import NetworkInputs
from engine.resolution.layer_sizes import LayerSize, layer_sizes
from engine.resolution.loss_and_output import (
    check_targets,
    resolve_loss,
    resolve_output,
    resolve_units,
)
from engine.resolution.memory import MemoryEstimate, estimate_memory, parameter_count
from engine.resolution.metrics import check_monitored, resolve_metrics, resolve_schedule
from engine.resolution.missing_values import report_missing_values_of_model
from engine.resolution.network import reshape_inputs, resolve_network, shift_layer_index
from engine.resolution.number_checks import check_numbers
from engine.resolution.optimization import (
    MAX_DEFAULT_EPOCHS,
    MIN_DEFAULT_EPOCHS,
    check_batch_normalization,
    check_optimization,
    check_warmup,
    resolve_epochs,
)
from engine.resolution.other_tables import check_other_table
from engine.resolution.part_counter import SplitTables
from engine.resolution.reconstruction import (
    check_bottleneck,
    check_reconstructed_inputs,
    check_reconstruction_loss,
    default_network,
    reconstruction_units,
)
from engine.resolution.report import Report
from engine.resolution.row_counts import RowCounts, count_rows
from engine.resolution.sample_weights import check_class_weight, check_sample_weight
from engine.resolution.slow_interruption import check_interruption
from engine.resolution.split_columns import check_split_columns
from engine.resolution.target_and_features import check_inputs, choose_features
from engine.resolution.targets import choose_tasks, count_labelled_rows, find_targets
from engine.resolution.validation import check_parts, resolve_test
from engine.specs import MAX_FEATURES, ResolvedPreprocessing, ResolvedSpec, Task, TrainingSpec


@dataclass(frozen=True)
class Resolution:
    """A resolved spec, and properties of its training.

    Attributes:
        spec: the spec with every default filled in.
        findings: observations for the client.
        in_features: inputs of the network; the fitted number may be smaller.
        out_features: outputs of the network.
        parameter_count: weights and biases, with that many inputs.
        layers: shapes and parameters of each layer.
        steps: training steps of all epochs; with folds, of the final network.
        memory: estimate of the training's memory.
        rows: rows of each part.
    """

    spec: ResolvedSpec
    findings: tuple[Finding, ...]
    in_features: int
    out_features: int
    parameter_count: int
    layers: tuple[LayerSize, ...]
    steps: int
    memory: MemoryEstimate
    rows: RowCounts

    @property
    def memory_bytes(self) -> int:
        """Bytes of the training with all its data in memory."""
        return self.memory.total()

    @property
    def data_bytes(self) -> int:
        """Bytes of the data alone."""
        return self.memory.data


def resolve(
    spec: TrainingSpec,
    table: TableSchema,
    validation_table: TableSchema | None = None,
    test_table: TableSchema | None = None,
    *,
    fitted_inputs: NetworkInputs | None = None,
    fitted_target: FittedTarget | None = None,
) -> Resolution:
    """Fill in every default, check compatibility, and estimate the memory.

    Args:
        spec: the requested spec.
        table: schema of the training table.
        validation_table: schema of the validation table, if it is another dataset.
        test_table: schema of the test table, if it is another dataset.
        fitted_inputs: inputs of an already fitted preprocessing; default: derived from the columns.
        fitted_target: target of the same preprocessing.

    Raises:
        SpecError: with all problems, not only the first.
    """

    def resolve_with(asked: TrainingSpec, report: Report) -> Resolution:
        others = validation_table, test_table
        return _resolve(asked, table, others, fitted_inputs, fitted_target, report)

    report = Report()
    resolution = resolve_with(spec, report)
    findings = report.settle(lambda alternative: resolve_with(alternative, Report()))
    joined = join_feature_lists(resolution.spec.features, findings)
    return replace(resolution, findings=tuple(joined))


def _resolve(
    spec: TrainingSpec,
    table: TableSchema,
    others: tuple[TableSchema | None, TableSchema | None],
    fitted_inputs: NetworkInputs | None,
    fitted_target: FittedTarget | None,
    report: Report,
) -> Resolution:
    """Return the resolution without findings, which the report collects. Raises SpecError."""
    validation_table, test_table = others
    check_parts(spec, report)
    spec = resolve_test(spec, report)
    features = choose_features(spec, table, report)
    check_categorical(spec, report)
    if fitted_inputs is None:
        preprocessing, inputs = resolve_features(spec, table, features, report)
    else:
        preprocessing = resolve_preprocessing(spec.preprocessing, spec.network)
        report_missing_values_of_model(spec, preprocessing, features, table.rows, report)
        inputs = fitted_inputs
    check_optimization(spec, report)
    check_sample_weight(spec, table, report)
    check_split_columns(spec, table, report)
    targets = find_targets(spec, table, report)
    rows = 0 if targets is None else count_labelled_rows(targets, table.rows)
    task = None if targets is None else choose_tasks(spec, targets, rows, report)
    if targets is None or task is None:
        check_monitored(spec, None, report)
        check_warmup(spec, spec.epochs or MAX_DEFAULT_EPOCHS, report)
        raise SpecError(report.problems, is_complete=report.is_complete)
    if task == "reconstruction":
        network = default_network(spec.network, inputs.count)
        spec = spec.model_copy(update={"network": network})
    resolved = _fill_in(spec, preprocessing, features, targets, task, inputs, table.words, report)
    layers = _build_layers(spec, resolved, inputs.count, report)
    if task == "reconstruction":
        check_bottleneck(spec, layers, inputs.count, report)
    check_other_table(resolved, table, validation_table, "validation", report)
    check_other_table(resolved, table, test_table, "test", report)
    tables = SplitTables(table, targets, validation_table, test_table)
    counts = count_rows(resolved, tables, report)
    check_numbers(spec, resolved, tables, counts.least_training, fitted_target, report)
    epochs = resolve_epochs(spec, counts.training)
    check_warmup(spec, epochs, report)
    check_batch_normalization(spec, counts, report)
    if report.problems:
        raise SpecError(report.problems, is_complete=report.is_complete)
    resolved = resolved.model_copy(update={"epochs": epochs})
    return _build_resolution(resolved, layers, inputs.count, counts, report)


def _fill_in(
    spec: TrainingSpec,
    preprocessing: ResolvedPreprocessing,
    features: tuple[ColumnSchema, ...],
    targets: tuple[ColumnSchema, ...],
    task: Task,
    inputs: NetworkInputs,
    words: FileConventions,
    report: Report,
) -> ResolvedSpec:
    """Return the spec with its defaults; report incompatible settings."""
    classes = (targets[0].distinct or 0) if task == "classification" else 0
    activation = resolve_output(spec, task, classes, report)
    loss = resolve_loss(spec, task, activation, report)
    check_targets(loss, targets, report)
    check_class_weight(spec, task, targets, words, report)
    if task == "reconstruction":
        check_reconstruction_loss(loss, report)
        check_reconstructed_inputs(activation, preprocessing, features, report)
        units = reconstruction_units(spec, inputs.count, report)
    else:
        units = resolve_units(spec, loss, activation, classes or len(targets), task, report)
    metrics = resolve_metrics(spec, task, activation, classes, report)
    check_monitored(spec, metrics, report)
    check_inputs(inputs.count, spec, report)
    network = reshape_inputs(spec.network, spec.input_shape, report)
    network = fill_tables(network, inputs.tables, report)
    requested = {name: getattr(spec, name) for name in TrainingSpec.model_fields}
    defaults = {
        "task": task,
        "features": tuple(column.name for column in features),
        "preprocessing": preprocessing.model_copy(
            update={"target": resolve_target_scaling(spec.preprocessing, task, activation)}
        ),
        "network": resolve_network(network, activation, units),
        "loss": loss,
        # Preliminary, until the training rows are counted.
        "epochs": spec.epochs or MIN_DEFAULT_EPOCHS,
        "schedule": resolve_schedule(spec),
        "metrics": metrics,
    }
    return ResolvedSpec(**(requested | defaults))


def _build_layers(
    requested: TrainingSpec, spec: ResolvedSpec, in_features: int, report: Report
) -> list[Layer]:
    """Build the layers; empty if their shapes do not fit, or depend on another problem."""
    unknown = ("/network/layers", "/input_shape")
    if any(problem.pointer.startswith(unknown) for problem in report.problems):
        return []
    if not 0 < in_features <= MAX_FEATURES:
        return []
    try:
        return build_layers(spec.network, in_features, np.dtype(spec.dtype))
    except SpecError as error:
        added = len(spec.network.layers) - len(requested.network.layers)
        report.problems += [shift_layer_index(problem, added) for problem in error.problems]
        return []


def _build_resolution(
    spec: ResolvedSpec,
    layers: list[Layer],
    in_features: int,
    rows: RowCounts,
    report: Report,
) -> Resolution:
    """Build the resolution: inputs, parameters and memory."""
    if spec.batch_size != "full" and spec.batch_size > rows.training:
        detail = f"there are only {rows.training} training rows; each epoch is one step"
        report.info("/batch_size", "batch_is_everything", detail, put(spec, "full", "batch_size"))
    check_interruption(spec, layers, rows, report)
    return Resolution(
        spec=spec,
        findings=(),
        in_features=in_features,
        out_features=spec.network.output.units,
        parameter_count=parameter_count(layers),
        layers=layer_sizes(spec.network, layers, in_features),
        steps=spec.epochs * count_steps(spec, rows.training),
        memory=estimate_memory(spec, layers, in_features, rows),
        rows=rows,
    )
