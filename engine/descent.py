"""What the optimizer and its schedule need of the rest of the spec."""

from collections.abc import Iterator, Sequence

from engine.epochs import LEAST_EPOCHS
from engine.findings import Report
from engine.specs import DropoutSpec, LayerSpec, Lbfgs, ResidualSpec, TrainingSpec


def check_descent(spec: TrainingSpec, report: Report) -> None:
    """L-BFGS needs the same loss whenever it asks; a warm-up ends before the training does."""
    if isinstance(spec.optimizer, Lbfgs):
        if spec.batch_size != "full":
            detail = 'lbfgs goes by the loss of all rows: say "batch_size": "full"'
            report.problem("/optimizer", "lbfgs_batch_size", detail)
        for pointer in _dropouts(spec.network.layers, "/network/layers"):
            detail = f"lbfgs needs the same loss twice, {pointer} draws another: leave dropout out"
            report.problem("/optimizer", "lbfgs_dropout", detail)
        if spec.gradient_clip is not None:
            detail = "lbfgs searches along the gradient as it is: leave the clip out"
            report.problem("/gradient_clip", "lbfgs_clip", detail)
    epochs = spec.epochs or LEAST_EPOCHS
    if spec.schedule.warmup_epochs >= epochs:
        detail = f"the warm-up must be shorter than the training's {epochs} epochs"
        report.problem("/schedule/warmup_epochs", "long_warmup", detail)


def _dropouts(layers: Sequence[LayerSpec], pointer: str) -> Iterator[str]:
    """Where dropout is."""
    for index, layer in enumerate(layers):
        here = f"{pointer}/{index}"
        if isinstance(layer, DropoutSpec):
            yield here
        if isinstance(layer, ResidualSpec):
            yield from _dropouts(layer.layers, f"{here}/layers")
