"""Remedies of diagnosed conditions: JSON Patch operations on the job's request."""

from collections.abc import Collection
from typing import Any

from engine.findings import patch
from engine.specs import ResolvedNetwork, ResolvedSpec
from engine.training.diagnosis.subject import Subject

_BOUNDED = frozenset({"sigmoid", "hard_sigmoid", "tanh", "softsign"})
# Factor of a learning rate that is too high, or by which one is too low.
_RATE_FACTOR = 10


def replace_activation(subject: Subject, pointer: str, activation: str) -> dict[str, Any]:
    """Return a fix that gives the layer at `pointer` another activation."""
    name = pointer.removeprefix("/network/").removesuffix("/activation").replace("/", ".")
    return _replace_activations(subject.spec.network, {name}, activation)


def replace_bounded_activations(subject: Subject) -> dict[str, Any] | None:
    """Return a fix that replaces all bounded hidden activations by relu; None without any."""
    bounded = bounded_layers(subject.spec.network)
    return _replace_activations(subject.spec.network, bounded, "relu") if bounded else None


def remedy_of_vanishing(spec: ResolvedSpec) -> str:
    """Return what helps against vanishing gradients, by the activations of the hidden layers."""
    bounded = bounded_layers(spec.network)
    if bounded:
        named = ", ".join(sorted(set(bounded.values())))
        return (
            f"use relu instead of {named}, normalization layers or residual blocks, or fewer layers"
        )
    return (
        "add normalization layers (batch_normalization, layer_normalization) or residual blocks, "
        "use larger initial weights or the default initializer, or fewer layers"
    )


def bounded_layers(network: ResolvedNetwork) -> dict[str, str]:
    """Return the activation of each hidden layer whose activation is bounded, by name."""
    layers = _walk(network.model_dump(mode="json"))
    return {name: layer["activation"] for name, layer in layers if _is_bounded(layer)}


def scale_rate(spec: ResolvedSpec, *, is_higher: bool) -> dict[str, Any] | None:
    """Return a fix with a tenth of the learning rate, or ten times it; None beyond its range."""
    rate = spec.optimizer.learning_rate
    # Rounded: 1 / 10 is to be 0.1 in the client's JSON.
    rate = float(f"{rate * _RATE_FACTOR if is_higher else rate / _RATE_FACTOR:.6g}")
    if not 0 < rate <= 1000:
        return None
    optimizer = spec.optimizer.model_copy(update={"learning_rate": rate})
    return patch(("add", "/optimizer", optimizer.model_dump(mode="json")))


def clip_gradients() -> dict[str, Any]:
    """Return a fix that clips the gradient to a norm of 1."""
    return patch(("add", "/gradient_clip", {"type": "norm", "limit": 1.0}))


def stop_early() -> dict[str, Any]:
    """Return a fix that keeps the weights of the best epoch."""
    return patch(("add", "/early_stopping", {"metric": "validation_loss", "patience": 5}))


def _replace_activations(
    network: ResolvedNetwork, names: Collection[str], activation: str
) -> dict[str, Any]:
    """Return a fix with another activation in these layers, and its default initializer."""
    values = network.model_dump(mode="json")
    for name, layer in _walk(values):
        if name in names:
            layer["activation"] = activation
            if "initializer" in layer:
                layer["initializer"] = None
    return patch(("add", "/network", values))


def _walk(values: dict[str, Any], prefix: str = "") -> list[tuple[str, dict[str, Any]]]:
    """Return all layers of a dumped network or residual block, by name."""
    found: list[tuple[str, dict[str, Any]]] = []
    for index, layer in enumerate(values.get("layers", ())):
        name = f"{prefix}layers.{index}"
        found += [(name, layer), *_walk(layer, f"{name}.")]
    return found


def _is_bounded(layer: dict[str, Any]) -> bool:
    return layer.get("activation") in _BOUNDED
