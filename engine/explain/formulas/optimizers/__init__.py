"""Formulas of optimizers: the new state, the corrections and the new weight."""

from engine.explain.formulas.optimizers.lbfgs import lbfgs_update
from engine.explain.formulas.optimizers.update import optimizer_update
from engine.explain.formulas.optimizers.weight_step import WeightStep

__all__ = ["WeightStep", "lbfgs_update", "optimizer_update"]
