"""Formulas of one update by any optimizer but L-BFGS."""

from typing import assert_never

from engine import specs
from engine.explain.formulas.formula import Formula
from engine.explain.formulas.optimizers.adadelta import adadelta_update
from engine.explain.formulas.optimizers.adam import adam_update, nadam_update
from engine.explain.formulas.optimizers.lion import lion_update
from engine.explain.formulas.optimizers.sgd import sgd_update
from engine.explain.formulas.optimizers.squares import adagrad_update, rmsprop_update
from engine.explain.formulas.optimizers.weight_step import WeightStep

Stepwise = (
    specs.Sgd
    | specs.Adagrad
    | specs.Adadelta
    | specs.Rmsprop
    | specs.Adam
    | specs.Adamw
    | specs.Amsgrad
    | specs.Nadam
    | specs.Lion
)


def optimizer_update(spec: Stepwise, step: WeightStep) -> tuple[Formula, ...]:  # noqa: PLR0911 - one case per kind
    """Return the formulas of an update in the order of computation; one of them is that of w′.

    Args:
        spec: the optimizer.
        step: the weight, its gradient and the state before the step.
    """
    match spec:
        case specs.Sgd():
            return sgd_update(spec, step)
        case specs.Adagrad():
            return adagrad_update(spec, step)
        case specs.Adadelta():
            return adadelta_update(spec, step)
        case specs.Rmsprop():
            return rmsprop_update(spec, step)
        case specs.Adam() | specs.Adamw() | specs.Amsgrad():
            return adam_update(spec, step)
        case specs.Nadam():
            return nadam_update(spec, step)
        case specs.Lion():
            return lion_update(spec, step)
        case _:
            assert_never(spec)
