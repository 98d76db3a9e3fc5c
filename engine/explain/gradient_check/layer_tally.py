"""Counts and errors of one layer during a gradient check."""

from collections.abc import Mapping

import numpy as np

from engine.arrays import Floats
from engine.explain.gradient_check.differences import Difference
from engine.explain.gradient_check.results import GradientVerdict, LayerCheck, ParameterCheck
from engine.explain.gradient_check.sample import SampledParameter, count_parameters
from engine.layers.base import Layer
from engine.numerics.norms import euclidean_norm, finite_or_none


class LayerTally:
    """Collects the comparisons of one layer.

    Args:
        layer: the layer.
        own: gradients in the dtype of the training, by parameter name.
        exact: gradients in float64, by parameter name.
    """

    def __init__(
        self, layer: Layer, own: Mapping[str, Floats], exact: Mapping[str, Floats]
    ) -> None:
        self._layer = layer
        self._counts = {"compared": 0, "kink": 0, "not_finite": 0}
        self._worst: ParameterCheck | None = None
        self._training_error = None if layer.is_frozen else _deviation(layer, own, exact)

    def add(self, one: SampledParameter, gradient: float, value: float, found: Difference) -> None:
        """Add the comparison of one parameter w = `value`."""
        self._counts[found.outcome] += 1
        if found.outcome != "compared":
            return
        if self._worst is None or found.error > self._worst.error:
            self._worst = ParameterCheck(
                name=one.name,
                index=one.index,
                value=value,
                backward=gradient,
                difference=found.value,
                step=found.step,
                error=found.error,
                floor=found.floor,
            )

    def result(self, tolerance: float, training_tolerance: float) -> LayerCheck:
        """Return the result of the layer."""
        count = count_parameters(self._layer)
        is_frozen = self._layer.is_frozen
        error = None if self._worst is None else self._worst.error
        return LayerCheck(
            layer=self._layer.name,
            verdict=self._verdict(tolerance, training_tolerance),
            parameters=0 if is_frozen else count,
            frozen=count if is_frozen else 0,
            checked=self._counts["compared"],
            at_kinks=self._counts["kink"],
            not_finite=self._counts["not_finite"],
            largest_error=error,
            worst=self._worst,
            training_error=self._training_error,
        )

    def _verdict(self, tolerance: float, training_tolerance: float) -> GradientVerdict:
        if self._worst is None:
            return "not_checked"
        own = self._training_error
        is_near = self._worst.error <= tolerance and (own is None or own <= training_tolerance)
        return "passed" if is_near else "failed"


def _deviation(
    layer: Layer, own: Mapping[str, Floats], exact: Mapping[str, Floats]
) -> float | None:
    """Return ‖g − g₆₄‖ / ‖g₆₄‖ over the layer; None if it is not finite."""
    names = layer.parameter_shapes()
    with np.errstate(all="ignore"):
        difference = [(own[name] - exact[name]).reshape(-1) for name in names]
        length = float(np.hypot.reduce([euclidean_norm(exact[n].reshape(-1)) for n in names]))
        distance = float(np.hypot.reduce([euclidean_norm(one) for one in difference]))
    if not length:
        return 0.0 if not distance else None
    return finite_or_none(distance / length)
