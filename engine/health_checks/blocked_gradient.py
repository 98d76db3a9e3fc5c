"""A gradient that does not reach the first layers of a new network."""

import numpy as np

from engine.data.split_arrays import Batch
from engine.health_checks.training_start import TrainingStart
from engine.training.diagnosis.fixes import remedy_of_vanishing
from engine.training.diagnosis.gradients import measure_flow
from engine.training.diagnosis.subject import count_trained
from engine.training.layer_diagnostics import LayerDiagnostics, LayerStats


def describe_blocked_gradient(start: TrainingStart, batch: Batch) -> str | None:
    """Return why the initial weights pass no gradient to the first layers, and the remedy.

    The reason is a layer all of whose relu units are dead, or a vanishing gradient by the rule of
    the diagnosis. Returns None if the gradient reaches the first layers.
    """
    layers, counts = _measure(start, batch)
    dead = [layer.name for layer in layers if layer.dead_units == 1]
    if dead:
        return (
            f"all relu units of {', '.join(dead)} are zero for every row (dying relu), so that no "
            "gradient passes: use leaky_relu, or the default initializer"
        )
    flow = measure_flow(counts, {layer.name: layer.gradient_norm for layer in layers})
    if flow is None or not flow.vanishes:
        return None
    return f"the gradient vanishes ({flow}): {remedy_of_vanishing(start.spec)}"


def _measure(start: TrainingStart, batch: Batch) -> tuple[tuple[LayerStats, ...], dict[str, int]]:
    """Return the statistics of the layers, and their numbers of trained parameters."""
    step = start.new_step()
    network, loss = step.network, step.loss
    diagnostics = LayerDiagnostics(network)
    network.begin_step(0)
    with np.errstate(all="ignore"):
        loss.forward(network.forward(batch.x), batch.y, batch.weights)
        diagnostics.record_activations()
        network.backward(loss.backward())
        diagnostics.record_gradients()
    return diagnostics.layer_stats(), count_trained(network)
