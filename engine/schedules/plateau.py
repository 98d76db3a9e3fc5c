"""Schedule that reduces the learning rate when a metric stops improving."""

import math
from collections.abc import Mapping

from engine.metrics import Metric, is_higher_better
from engine.schedules.base import Schedule, ScheduleContext
from engine.specs import PlateauSchedule


class Plateau(Schedule):
    """η₀ · factorᵏ, at least min_rate (as PyTorch's ReduceLROnPlateau, threshold_mode="abs").

    k grows by 1, and the count of bad epochs is reset, after more than patience consecutive bad
    epochs: the metric did not improve on its best value by more than min_delta, or was undefined.
    Epochs that end during the warm-up do not count.

    The state holds `epochs`, the number of finished epochs; `bad_epochs`; `reductions`, k; and
    `best`, the best value of the metric so far, if any.
    """

    def __init__(self, spec: PlateauSchedule, context: ScheduleContext) -> None:
        super().__init__(context)
        self._spec = spec
        self.state = {"epochs": 0, "bad_epochs": 0, "reductions": 0}

    def _rate(self, steps: int) -> float:  # noqa: ARG002 - depends on epochs
        rate = self._context.learning_rate
        least = min(rate, self._spec.min_rate)
        return max(least, rate * math.pow(self._spec.factor, self.state["reductions"]))

    def on_epoch_end(self, values: Mapping[str, Metric]) -> None:
        """Update the best value, the count of bad epochs and k from a finished epoch."""
        state, context = self.state, self._context
        state["epochs"] += 1
        if state["epochs"] * context.steps_per_epoch <= context.warmup_steps:
            return
        name = self._spec.metric or ("validation_loss" if "validation_loss" in values else "loss")
        value = values.get(name)
        if isinstance(value, float) and self._is_better(value, is_higher=is_higher_better(name)):
            state["best"], state["bad_epochs"] = value, 0
        else:
            state["bad_epochs"] += 1
        if state["bad_epochs"] > self._spec.patience:
            state["reductions"] += 1
            state["bad_epochs"] = 0

    def _is_better(self, value: float, *, is_higher: bool) -> bool:
        best = self.state.get("best")
        if best is None:
            return True
        gain = value - best if is_higher else best - value
        return gain > self._spec.min_delta
