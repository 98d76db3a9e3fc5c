"""Results of a gradient check."""

from dataclasses import dataclass
from typing import Literal

GradientVerdict = Literal["passed", "failed", "not_checked"]


@dataclass(frozen=True)
class ParameterCheck:
    """One parameter: its gradient from the backward pass, and from differences.

    Attributes:
        name: name of its array, such as `layers.0.weight`.
        index: position in the array.
        value: w.
        backward: ∂J/∂w from the backward pass in float64.
        difference: (J(w + h) − J(w − h)) / 2h.
        step: h.
        error: |backward − difference| / max(|backward|, |difference|, floor).
        floor: below it, gradients are lost in the rounding of J; the error is relative to it.
    """

    name: str
    index: tuple[int, ...]
    value: float
    backward: float
    difference: float
    step: float
    error: float
    floor: float


@dataclass(frozen=True)
class LayerCheck:
    """Check of one layer.

    Attributes:
        layer: name of the layer.
        verdict: failed if an error exceeds the tolerance, or the training's own gradient deviates;
            not_checked if no parameter was compared.
        parameters: number of trained parameters.
        frozen: number of frozen parameters, which have no gradient.
        checked: parameters that were compared.
        at_kinks: parameters left out because a unit, a maximum, a term of the loss or the sign of a
            weight with l1 changes within every step that was tried.
        not_finite: parameters left out because J is not finite near them.
        largest_error: largest relative error of the compared parameters.
        worst: the parameter with that error.
        training_error: ‖g − g₆₄‖ / ‖g₆₄‖ over the trained parameters, with g the gradient of
            the training in its own dtype and g₆₄ that in float64; None if it is undefined.
    """

    layer: str
    verdict: GradientVerdict
    parameters: int
    frozen: int
    checked: int
    at_kinks: int
    not_finite: int
    largest_error: float | None
    worst: ParameterCheck | None
    training_error: float | None


@dataclass(frozen=True)
class GradientCheck:
    """Check of a step: ∂J/∂w for a sample of the parameters w of each layer.

    J is the loss of the step's batch, with its dropout masks, plus the l1 and l2 penalties; before
    clipping.

    Attributes:
        verdict: failed if a layer has failed; not_checked if none was checked.
        detail: the result in words.
        objective: J; None if it is not finite.
        tolerance: largest relative error that passes.
        training_tolerance: largest `training_error` that passes.
        dtype: dtype of the training.
        parameters: number of trained parameters.
        frozen: number of frozen parameters.
        checked: parameters that were compared.
        at_kinks: parameters left out at kinks.
        not_finite: parameters left out because J is not finite near them.
        evaluations: number of forward passes.
        changed_pieces: values on another piece of a piecewise function in the training's dtype than
            in float64; with any, `training_error` shows it, and does not count.
        is_complete: whether the whole sample was checked before `stop` ended the check.
        layers: the layers with parameters, in forward order.
    """

    verdict: GradientVerdict
    detail: str
    objective: float | None
    tolerance: float
    training_tolerance: float
    dtype: str
    parameters: int
    frozen: int
    checked: int
    at_kinks: int
    not_finite: int
    evaluations: int
    changed_pieces: int
    is_complete: bool
    layers: tuple[LayerCheck, ...]
