"""A spec without what keeps a network from learning rows by heart."""

from collections.abc import Sequence
from typing import Any

from engine.specs import ConstantSchedule, CrossEntropy, LayerSpec, ResidualSpec, ResolvedSpec
from engine.specs.base import Spec

_OFF: dict[str, Any] = {"l1": 0.0, "l2": 0.0, "max_norm": None, "rate": 0.0}


def unregularized(spec: ResolvedSpec, learning_rate: float) -> ResolvedSpec:
    """Return the spec with another learning rate, kept constant, and nothing that regularizes.

    Without dropout, l1, l2, max_norm, label smoothing, and the optimizer's weight decay.
    """
    network = spec.network
    layers = _without(network.layers)
    output = _switched_off(network.output)
    optimizer = {"learning_rate": learning_rate, "weight_decay": 0.0}
    loss = spec.loss
    if isinstance(loss, CrossEntropy):
        loss = CrossEntropy()
    return spec.model_copy(
        update={
            "network": network.model_copy(update={"layers": layers, "output": output}),
            "optimizer": _updated(spec.optimizer, optimizer),
            "schedule": ConstantSchedule(),
            "loss": loss,
        }
    )


def _without(layers: Sequence[LayerSpec]) -> tuple[Spec, ...]:
    return tuple(
        layer.model_copy(update={"layers": _without(layer.layers)})
        if isinstance(layer, ResidualSpec)
        else _switched_off(layer)
        for layer in layers
    )


def _switched_off(layer: Spec) -> Spec:
    return _updated(layer, _OFF)


def _updated(spec: Spec, values: dict[str, Any]) -> Spec:
    """Return the spec with those of the values that it has a field for."""
    fields = type(spec).model_fields
    return spec.model_copy(update={k: v for k, v in values.items() if k in fields})
