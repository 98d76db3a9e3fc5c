"""A learning rate that falls when training gets no better."""

import math
from collections.abc import Mapping

from engine.metrics import Metric, is_higher_better
from engine.schedules.base import Schedule, ScheduleContext
from engine.specs import PlateauSchedule


class Plateau(Schedule):
    """η₀ · factorᵏ, but min_rate at least (as PyTorch's ReduceLROnPlateau, threshold_mode="abs").

    k grows by 1, and the count of bad epochs begins anew, when more than patience epochs one after
    the other were bad: the metric was not better than its best by more than min_delta, or it was
    undefined. Epochs that ended in the warm-up do not count.

    The state holds `epochs`, those that have ended; `bad_epochs`; `reductions`, k; and `best`, of
    the metric, once there is one.
    """

    def __init__(self, spec: PlateauSchedule, course: ScheduleContext) -> None:
        super().__init__(course)
        self._spec = spec
        self.state = {"epochs": 0, "bad_epochs": 0, "reductions": 0}

    def _rate(self, steps: int) -> float:  # noqa: ARG002 - epochs count
        rate = self._course.learning_rate
        least = min(rate, self._spec.min_rate)
        return max(least, rate * math.pow(self._spec.factor, self.state["reductions"]))

    def note_epoch(self, values: Mapping[str, Metric]) -> None:
        """An epoch has ended with those losses and metrics."""
        state, course = self.state, self._course
        state["epochs"] += 1
        if state["epochs"] * course.steps_per_epoch <= course.warmup_steps:
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
