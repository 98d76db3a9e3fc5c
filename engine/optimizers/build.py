"""Optimizer factory."""

from collections.abc import Callable
from typing import assert_never

from engine.arrays import Floats
from engine.optimizers.adadelta import AdadeltaOptimizer
from engine.optimizers.adagrad import AdagradOptimizer
from engine.optimizers.adam import AdamOptimizer, AdamwOptimizer, AmsgradOptimizer
from engine.optimizers.base import Optimizer
from engine.optimizers.lbfgs import LbfgsOptimizer
from engine.optimizers.lion import LionOptimizer
from engine.optimizers.nadam import NadamOptimizer
from engine.optimizers.rmsprop import RmspropMomentumOptimizer, RmspropOptimizer
from engine.optimizers.sgd import MomentumOptimizer, NesterovOptimizer, SgdOptimizer
from engine.specs import (
    Adadelta,
    Adagrad,
    Adam,
    Adamw,
    Amsgrad,
    Lbfgs,
    Lion,
    Nadam,
    OptimizerSpec,
    Rmsprop,
    Sgd,
)


def build_optimizer(  # noqa: C901, PLR0911 - one case per kind
    spec: OptimizerSpec, parameters: Floats, gradients: Floats, evaluate: Callable[[], float]
) -> Optimizer:
    """Build an optimizer from its spec, over the network's flat vectors.

    Args:
        spec: the optimizer.
        parameters: the parameters to update, shape `(trained_count,)`.
        gradients: their gradients, of the same shape.
        evaluate: computes the loss of the step's batch at the current parameters and writes its
            gradient; for optimizers with a line search.
    """
    match spec:
        case Sgd():
            return _build_sgd(spec, parameters, gradients)
        case Adagrad():
            return AdagradOptimizer(spec, parameters, gradients)
        case Adadelta():
            return AdadeltaOptimizer(spec, parameters, gradients)
        case Rmsprop(momentum=0.0):
            return RmspropOptimizer(spec, parameters, gradients)
        case Rmsprop():
            return RmspropMomentumOptimizer(spec, parameters, gradients)
        case Adam():
            return AdamOptimizer(spec, parameters, gradients)
        case Adamw():
            return AdamwOptimizer(spec, parameters, gradients)
        case Amsgrad():
            return AmsgradOptimizer(spec, parameters, gradients)
        case Nadam():
            return NadamOptimizer(spec, parameters, gradients)
        case Lion():
            return LionOptimizer(spec, parameters, gradients)
        case Lbfgs():
            return LbfgsOptimizer(spec, parameters, gradients, evaluate)
        case _:
            assert_never(spec)


def _build_sgd(spec: Sgd, parameters: Floats, gradients: Floats) -> Optimizer:
    if not spec.momentum:
        return SgdOptimizer(parameters, gradients)
    if spec.nesterov:
        return NesterovOptimizer(parameters, gradients, spec.momentum)
    return MomentumOptimizer(parameters, gradients, spec.momentum)
