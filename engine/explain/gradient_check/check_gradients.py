"""Check of the backward pass of one step."""

import math
from collections.abc import Callable

from engine.arrays import Floats, Pieces
from engine.explain.gradient_check.differences import Differences
from engine.explain.gradient_check.layer_tally import LayerTally
from engine.explain.gradient_check.results import GradientCheck, GradientVerdict, LayerCheck
from engine.explain.gradient_check.sample import draw_sample, layers_with_parameters
from engine.explain.objective import (
    Objective,
    float64_objective,
    training_objective,
)
from engine.numerics.norms import finite_or_none
from engine.training.step_inputs import StepInputs
from engine.training.stopping import never

PER_LAYER, MOST = 200, 2000
TOLERANCE = 1e-6
# Of the training's own gradient, by dtype: it carries the rounding of all layers.
TRAINING_TOLERANCES = {"float32": 1e-4, "float64": 1e-10}


def check_gradients(
    inputs: StepInputs,
    per_layer: int = PER_LAYER,
    most: int = MOST,
    stop: Callable[[], bool] = never,
) -> GradientCheck:
    """Compare the gradient of a step with central differences in float64.

    Compares it with the gradient in the dtype of the training, too. The sample is always the same,
    of every array of every layer. The step of a difference is h = ε^(1/3) · max(1, |w|), or 16 and
    256 times less where it meets a kink.

    Args:
        inputs: the step; it stays as it is.
        per_layer: most parameters per layer.
        most: most parameters in all, though at least one per layer.
        stop: called before each parameter; True ends the check.
    """
    training = training_objective(inputs)
    training.value()
    pieces, own_gradient = training.pieces, training.gradient()
    objective = float64_objective(inputs, training)
    check = _Check(objective, own_gradient, pieces)
    is_complete = check.run(per_layer, most, stop)
    return check.report(inputs.spec.dtype, is_complete=is_complete)


class _Check:
    """A check of one step.

    Args:
        objective: J in float64.
        own_gradient: gradient in the dtype of the training.
        own_pieces: pieces of piecewise functions in the dtype of the training.
    """

    def __init__(
        self, objective: Objective, own_gradient: Floats, own_pieces: list[Pieces]
    ) -> None:
        self._objective = objective
        self._differences = Differences(objective, TOLERANCE)
        self._gradient = objective.gradient()
        self._changed = objective.count_changes(own_pieces)
        network = objective.step.network
        own, exact = network.trained_views(own_gradient), network.trained_views(self._gradient)
        self._tallies = {
            layer.name: LayerTally(layer, own, exact) for layer in layers_with_parameters(network)
        }

    def run(self, per_layer: int, most: int, stop: Callable[[], bool]) -> bool:
        """Compare the sample; return whether all of it was compared."""
        if not math.isfinite(self._differences.value):
            return True
        for one in draw_sample(self._objective.step.network, per_layer, most):
            if stop():
                return False
            gradient = float(self._gradient[one.position])
            found = self._differences.compare(one.position, gradient, one.l1)
            value = float(self._objective.step.network.trained[one.position])
            self._tallies[one.layer.name].add(one, gradient, value, found)
        return True

    def report(self, dtype: str, *, is_complete: bool) -> GradientCheck:
        """Return the result."""
        tolerance = TRAINING_TOLERANCES[dtype]
        limit = math.inf if self._changed else tolerance
        layers = tuple(tally.result(TOLERANCE, limit) for tally in self._tallies.values())
        verdict = _worst_verdict(layers)
        totals = {
            name: sum(getattr(layer, name) for layer in layers)
            for name in ("parameters", "frozen", "checked", "at_kinks", "not_finite")
        }
        return GradientCheck(
            verdict=verdict,
            detail=_detail(verdict, layers, self._differences.value),
            objective=finite_or_none(self._differences.value),
            tolerance=TOLERANCE,
            training_tolerance=tolerance,
            dtype=dtype,
            **totals,
            evaluations=self._objective.evaluations,
            changed_pieces=self._changed,
            is_complete=is_complete,
            layers=layers,
        )


def _worst_verdict(layers: tuple[LayerCheck, ...]) -> GradientVerdict:
    found = {layer.verdict for layer in layers}
    order: tuple[GradientVerdict, ...] = ("failed", "passed", "not_checked")
    return next((verdict for verdict in order if verdict in found), "not_checked")


def _detail(verdict: GradientVerdict, layers: tuple[LayerCheck, ...], value: float) -> str:
    checked, at_kinks = (sum(getattr(layer, name) for layer in layers) for name in _COUNTED)
    if not math.isfinite(value):
        return "the objective is not finite: it has no gradient"
    if not layers or not sum(layer.parameters for layer in layers):
        return "the network has no trained parameters"
    left_out = f"; {at_kinks} are left out at kinks" if at_kinks else ""
    if verdict == "failed":
        names = ", ".join(layer.layer for layer in layers if layer.verdict == "failed")
        return f"the backward pass is wrong in {names}, or after it{left_out}"
    errors = [layer.largest_error for layer in layers if layer.largest_error is not None]
    if not errors:
        return f"no parameter could be compared{left_out}"
    return (
        f"{checked} parameters agree, with a relative error of at most {max(errors):.1e}{left_out}"
    )


_COUNTED = ("checked", "at_kinks")
