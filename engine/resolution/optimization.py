"""Compatibility checks of optimizer and schedule, and the default number of epochs."""

from collections.abc import Iterator, Sequence

from engine.data.batches import count_steps
from engine.resolution.report import Report
from engine.resolution.row_counts import RowCounts
from engine.specs import (
    BatchNormalizationSpec,
    Conv2dSpec,
    DenseSpec,
    DropoutSpec,
    FoldsValidation,
    LayerSpec,
    Lbfgs,
    OutputSpec,
    ResidualSpec,
    TrainingSpec,
)


def check_optimization(spec: TrainingSpec, report: Report) -> None:
    """Report specs that L-BFGS cannot train.

    It needs a deterministic loss, and weights that only its own steps change.
    """
    if not isinstance(spec.optimizer, Lbfgs):
        return
    if spec.batch_size != "full":
        detail = 'lbfgs requires full-batch training: set "batch_size" to "full"'
        report.problem("/optimizer", "lbfgs_batch_size", detail)
    if spec.gradient_clip is not None:
        detail = "lbfgs needs the unclipped gradient: remove gradient_clip"
        report.problem("/gradient_clip", "lbfgs_clip", detail)
    for pointer, layer in _walk(spec.network.layers, "/network/layers"):
        _check_layer(pointer, layer, report)
    _check_layer("/network/output", spec.network.output, report)


def _check_layer(pointer: str, layer: LayerSpec | OutputSpec, report: Report) -> None:
    match layer:
        case DropoutSpec():
            detail = f"lbfgs needs a deterministic loss, {pointer} is random: remove dropout"
            report.problem("/optimizer", "lbfgs_dropout", detail)
        case BatchNormalizationSpec() if not layer.frozen:
            detail = (
                "every trial of lbfgs's line search would update the running means of batch "
                "normalization: use layer_normalization, freeze the layer, or use another optimizer"
            )
            report.problem(pointer, "lbfgs_batch_normalization", detail)
        case DenseSpec() | Conv2dSpec() | OutputSpec() if not layer.frozen and layer.max_norm:
            detail = (
                "lbfgs estimates the curvature from its own steps, which max_norm would change "
                "afterwards: remove max_norm, use l2, or use another optimizer"
            )
            report.problem(f"{pointer}/max_norm", "lbfgs_max_norm", detail)
        case _:
            pass


def check_batch_normalization(spec: TrainingSpec, rows: RowCounts, report: Report) -> None:
    """Report batches of one row, which batch normalization cannot normalize."""
    if not spec.network.normalizes_batches:
        return
    alternative = "or use layer_normalization, which normalizes each row"
    if spec.batch_size == 1:
        detail = (
            "batch normalization needs at least two rows per batch: the variance of a single row "
            f"is 0, and its outputs do not depend on it; set a larger batch_size, {alternative}"
        )
        report.problem("/batch_size", "batch_normalization_batch_size", detail)
        return
    is_folded = isinstance(spec.validation, FoldsValidation) and not rows.unknown
    least = rows.training - rows.validation if is_folded else rows.training
    if least == 1:
        detail = (
            "batch normalization needs at least two rows per batch, and there is only one training "
            f"row: use more rows, hold out fewer, {alternative}"
        )
        report.problem("/batch_size", "batch_normalization_single_row", detail)


def check_warmup(spec: TrainingSpec, epochs: int, report: Report) -> None:
    """Require that the warm-up is shorter than the training of `epochs` epochs."""
    if spec.schedule.warmup_epochs >= epochs:
        detail = f"warmup_epochs must be less than the number of epochs, {epochs}"
        report.problem("/schedule/warmup_epochs", "long_warmup", detail)


def _walk(layers: Sequence[LayerSpec], pointer: str) -> Iterator[tuple[str, LayerSpec]]:
    """Yield every layer with its JSON pointer, including those in residual blocks."""
    for index, layer in enumerate(layers):
        here = f"{pointer}/{index}"
        yield here, layer
        if isinstance(layer, ResidualSpec):
            yield from _walk(layer.layers, f"{here}/layers")


MIN_DEFAULT_EPOCHS, MAX_DEFAULT_EPOCHS = 20, 60
# Small tables get more epochs, because they have few steps per epoch.
DEFAULT_STEPS = 2000


def resolve_epochs(spec: TrainingSpec, training_rows: int) -> int:
    """Return the requested epochs, or by default those of about DEFAULT_STEPS steps, bounded."""
    if spec.epochs is not None:
        return spec.epochs
    steps = max(count_steps(spec, training_rows), 1)
    return min(max(MIN_DEFAULT_EPOCHS, -(-DEFAULT_STEPS // steps)), MAX_DEFAULT_EPOCHS)
