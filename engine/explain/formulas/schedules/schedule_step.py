"""The position of a step in a schedule, with the symbols of its quantities."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from engine.explain.formulas.expression import Symbol
from engine.explain.formulas.formula import Formula, define
from engine.explain.formulas.symbols import function, given, symbol


@dataclass(frozen=True)
class ScheduleStep:
    """A step of a training with a schedule.

    Attributes:
        base_rate: η₀, the optimizer's learning rate.
        steps_per_epoch: number of steps per epoch.
        epochs: number of epochs of the training.
        step: index of the step, from 0.
        warmup_epochs: epochs of the warm-up.
        state: state of the schedule before the step: `reductions` of `reduce_on_plateau`, and
            `scale` after restores.
    """

    base_rate: float
    steps_per_epoch: int
    epochs: int
    step: int
    warmup_epochs: float = 0.0
    state: Mapping[str, float] = field(default_factory=dict)

    @property
    def warmup_steps(self) -> int:
        """Number of steps of the warm-up."""
        return round(self.warmup_epochs * self.steps_per_epoch)

    @property
    def is_warmup(self) -> bool:
        """Whether the step belongs to the warm-up."""
        return self.step < self.warmup_steps

    @property
    def scheduled_steps(self) -> int:
        """Number of steps after the warm-up, at least 1."""
        return max(1, self.epochs * self.steps_per_epoch - self.warmup_steps)

    @property
    def steps_since(self) -> int:
        """Number of steps since the warm-up."""
        return self.step - self.warmup_steps

    def eta0(self) -> Symbol:
        """Return the optimizer's learning rate η₀."""
        return given("η", self.base_rate, 0, words="the base rate")

    def restore_factor(self) -> Symbol | None:
        """Return c, the factor of the rate after restores; None without a restore."""
        scale = self.state.get("scale")
        return None if scale is None else given("c", scale, words="the factor of the restores")

    def s(self) -> Symbol:
        """Return the number of steps since the warm-up."""
        return given("s", self.steps_since, words="the number of steps since the warm-up")

    def epochs_since(self) -> Formula:
        """E = s / n, the epochs since the warm-up."""
        n = given("n", self.steps_per_epoch, words="the number of steps per epoch")
        return define(symbol("e", words="the epochs since the warm-up"), self.s() / n)

    def progress(self) -> Formula:
        """F = min(1, s / N), the completed fraction of the schedule."""
        total = given("N", self.scheduled_steps, words="the number of scheduled steps")
        return define(fraction_symbol(), function("min", 1, self.s() / total))


def fraction_symbol() -> Symbol:
    """Return f, the completed fraction of a curve."""
    return symbol("f", words="the completed fraction")
