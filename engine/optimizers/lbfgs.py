"""L-BFGS."""

import math
from collections.abc import Callable

import numpy as np

from engine.arrays import Floats
from engine.numerics.norms import largest_magnitude
from engine.optimizers.base import Optimizer
from engine.optimizers.inverse_hessian import InverseHessian
from engine.optimizers.line_search import LineSearch, Trial
from engine.specs import Lbfgs

# Smaller expected changes of the loss, relative to the loss, count as zero.
_LEAST_CHANGE = 1e-9


class LbfgsOptimizer(Optimizer):
    """L-BFGS with a strong Wolfe line search (Nocedal and Wright 2006, algorithm 7.5).

    d = −H g; w ← w + α d. The search starts at α = learning_rate, or less while H is the identity.
    The parameters stay as they are if the expected change gᵀ H g is at most 10⁻⁹ of the loss, or if
    neither d nor −g lowers it. Neither depends on the scale of the loss or of the parameters.

    Every update first evaluates the objective at the current parameters as the reference of the
    search: the objective includes the penalties, so it may exceed the reported loss, and the
    gradients are those of the objective. After an update, they hold the latest evaluation.

    If an evaluation raises, parameters and state are as they were before the update.

    Attributes:
        alpha: α of the latest update; 0 if the parameters stayed as they were.
    """

    def __init__(
        self,
        spec: Lbfgs,
        parameters: Floats,
        gradients: Floats,
        evaluate: Callable[[], float],
    ) -> None:
        self._parameters, self._gradients, self._evaluate = parameters, gradients, evaluate
        self._max_evaluations = spec.max_evaluations
        # s = α d of the latest update, and the gradient before it.
        self._change = np.zeros_like(parameters)
        self._previous_gradient = np.zeros_like(parameters)
        self.slots = {"change": self._change, "previous_gradient": self._previous_gradient}
        self._inverse_hessian = InverseHessian(spec.history, parameters)
        self._start = np.empty_like(parameters)
        # The state must not change before the search has ended: the next values are held here.
        self._direction, self._gradient = np.empty_like(parameters), np.empty_like(parameters)
        self._gradient_change = np.empty_like(parameters)
        self.alpha = 0.0

    def state_arrays(self) -> dict[str, Floats]:
        """Return the slots and the arrays of H."""
        return self.slots | self._inverse_hessian.arrays

    def update(self, learning_rate: float, step: int) -> None:  # noqa: ARG002 - steps are alike
        """Take one step, or none if the loss does not decrease along the direction."""
        self.alpha = 0.0
        loss = self._evaluate()
        if not math.isfinite(loss) or not 0 < largest_magnitude(self._gradients) < math.inf:
            return
        if self._has_failed_here():
            return
        self._set_direction()
        slope = float(np.dot(self._gradients, self._direction))
        if not -math.inf < slope < 0:
            self._keep_pair()
            self._reject_step()
        elif self._is_negligible(slope, loss):
            self._keep_pair()
            self._change.fill(0)
        else:
            self._search(Trial(0.0, loss, slope), learning_rate)

    def _has_failed_here(self) -> bool:
        """Whether the latest update searched from this point along −g, without success."""
        return (
            self._inverse_hessian.is_identity
            and not self._change.any()
            and np.array_equal(self._previous_gradient, self._gradients)
        )

    def _is_negligible(self, slope: float, loss: float) -> bool:
        # Only an estimated H makes the slope an estimate of the change: that of the identity
        # depends on the parameters' scale.
        return not self._inverse_hessian.is_identity and -slope <= _LEAST_CHANGE * abs(loss)

    def _set_direction(self) -> None:
        """Set d = −H g, with H of the latest change of parameters and gradients, too."""
        np.copyto(self._gradient, self._gradients)
        np.subtract(self._gradient, self._previous_gradient, out=self._gradient_change)
        self._inverse_hessian.propose_pair(self._change, self._gradient_change)
        np.negative(self._gradient, out=self._direction)
        self._inverse_hessian.multiply(self._direction)

    def _keep_pair(self) -> None:
        """Store the pair and the gradient of this update; `_change` is still that of the latest."""
        self._inverse_hessian.keep_pair()
        np.copyto(self._previous_gradient, self._gradient)

    def _search(self, start: Trial, alpha: float) -> None:
        """Search for the step length along the direction, and take the step."""
        if self._inverse_hessian.is_identity:
            norm = float(np.abs(self._gradients, out=self._start).sum())
            alpha *= min(1.0, 1.0 / norm)
        np.copyto(self._start, self._parameters)
        try:
            found = LineSearch(self._try, start, self._max_evaluations).run(alpha)
        except BaseException:
            np.copyto(self._parameters, self._start)
            self._inverse_hessian.drop_pair()
            raise
        self._keep_pair()
        if found is start:
            np.copyto(self._parameters, self._start)
            self._reject_step()
        else:
            self.alpha = found.alpha
            np.multiply(self._direction, found.alpha, out=self._change)
            np.add(self._start, self._change, out=self._parameters)

    def _try(self, alpha: float) -> Trial:
        """Return loss and slope at step length α along the direction."""
        np.multiply(self._direction, alpha, out=self._parameters)
        np.add(self._start, self._parameters, out=self._parameters)
        loss = self._evaluate()
        return Trial(alpha, loss, float(np.dot(self._gradients, self._direction)))

    def _reject_step(self) -> None:
        """Record a zero step and reset H: the same direction would fail again."""
        self._change.fill(0)
        if not self._inverse_hessian.is_identity:
            # Not a failure along −g, which the next update tries.
            self._previous_gradient.fill(0)
            self._inverse_hessian.reset()
