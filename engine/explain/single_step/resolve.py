"""Resolution of the spec of a single step."""

from typing import NoReturn

import numpy as np

from engine.errors import SpecError, SpecProblem
from engine.layers.base import walk
from engine.layers.build import build_layers
from engine.losses.build import build_loss, compatible_outputs, takes_class_indices
from engine.resolution.memory import parameter_count
from engine.resolution.network import resolve_network
from engine.resolution.optimization import check_optimization, check_warmup
from engine.resolution.report import Report
from engine.specs import LossSpec, OutputActivation, ResolvedPreprocessing, ResolvedSpec
from engine.specs.step import StepSpec

MAX_PARAMETERS = 1_000_000
MAX_WORKSPACE_BYTES = 256 * 2**20


def resolve_step(spec: StepSpec, in_features: int, rows: int) -> ResolvedSpec:
    """Fill in every default, and check that the step can be computed. Raises SpecError.

    Args:
        spec: the requested spec.
        in_features: number of inputs per row.
        rows: number of rows.
    """
    activation = _resolve_activation(spec)
    units = spec.network.output.units
    if units is None:
        _reject("/network/output/units", "missing_units", "state the number of outputs")
    resolved = ResolvedSpec(
        task="classification" if takes_class_indices(spec.loss) else "regression",
        # Nothing that a step computes depends on columns.
        features=("x",),
        preprocessing=ResolvedPreprocessing(categorical="one_hot", target="none"),
        network=resolve_network(spec.network, activation, units),
        loss=spec.loss,
        optimizer=spec.optimizer,
        schedule=spec.schedule,
        gradient_clip=spec.gradient_clip,
        epochs=spec.epochs,
        metrics=(),
        batch_size="full",
        validation=None,
        dtype=spec.dtype,
        seed=spec.seed,
    )
    report = Report()
    check_optimization(resolved, report)
    check_warmup(resolved, spec.epochs, report)
    if rows == 1 and resolved.network.normalizes_batches:
        detail = "batch normalization needs at least two rows, there is one"
        report.problem("/rows", "batch_normalization_single_row", detail)
    if report.problems:
        raise SpecError(report.problems)
    _check_size(resolved, in_features, rows)
    _check_loss(resolved)
    return resolved


def _resolve_activation(spec: StepSpec) -> OutputActivation:
    """Return the requested activation of the output, else that of the loss. Raises SpecError."""
    possible = compatible_outputs(spec.loss)
    activation = spec.network.output.activation or _default_output(spec.loss)
    if activation not in possible:
        detail = f"{spec.loss.type} needs a {' or '.join(possible)} output, not {activation}"
        _reject("/loss", "loss_and_output", detail)
    return activation


def _default_output(loss: LossSpec) -> OutputActivation:
    possible = compatible_outputs(loss)
    return "linear" if "linear" in possible else possible[0]


def _check_loss(spec: ResolvedSpec) -> None:
    """Check that the loss takes as many outputs. Raises SpecError."""
    try:
        build_loss(spec.loss, spec.network.output, np.dtype(spec.dtype))
    except ValueError as error:
        raise SpecError(
            [SpecProblem("/network/output/units", "wrong_units", str(error))]
        ) from error


def _check_size(spec: ResolvedSpec, in_features: int, rows: int) -> None:
    """Check the size of the network before anything of it is allocated. Raises SpecError."""
    dtype = np.dtype(spec.dtype)
    layers = [*walk(iter(build_layers(spec.network, in_features, dtype)))]
    leaves = [layer for layer in layers if not any(layer.children())]
    count = parameter_count(leaves)
    if count > MAX_PARAMETERS:
        detail = f"the network has {count:,} parameters; a step with at most {MAX_PARAMETERS:,} "
        _reject("/network", "too_many_parameters", f"{detail}is explained without a job")
    needed = sum(layer.workspace(rows) for layer in layers) * dtype.itemsize
    if needed > MAX_WORKSPACE_BYTES:
        most = MAX_WORKSPACE_BYTES // 2**20
        detail = f"{rows} rows need {needed // 2**20:,} MiB in this network, more than {most} MiB"
        _reject("/rows", "too_many_values", f"{detail}: send fewer rows")


def _reject(pointer: str, code: str, detail: str) -> NoReturn:
    raise SpecError([SpecProblem(pointer, code, detail)])
