"""Rules about gradients: vanishing from layer to layer, exploding over the epochs."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from engine.training.diagnosis.subject import LatestEpoch, Subject, Symptom

# Root mean square gradient of the first layer relative to that of the last layer.
VANISHING_RATIO = 1e-3
# With a single hidden layer there is nothing to vanish through.
LEAST_LAYERS = 3
# Gradient norm relative to that of epoch 0.
EXPLODING_RATIO = 100.0
# Rise of the loss above that of epoch 0, relative to the latter's size.
EXPLODING_RISE = 0.05


@dataclass(frozen=True)
class GradientFlow:
    """The gradient per weight of the first layer, relative to that of the last.

    Attributes:
        first: name of the first layer.
        last: name of the last layer.
        ratio: r = (‖g₁‖ / √n₁) / (‖g_L‖ / √n_L), n the number of the layer's trained parameters.
    """

    first: str
    last: str
    ratio: float

    @property
    def vanishes(self) -> bool:
        """Whether the first layers hardly learn."""
        return self.ratio < VANISHING_RATIO

    def __str__(self) -> str:
        if not self.ratio:
            return f"the gradient of {self.first} is 0, that of {self.last} is not"
        return (
            f"the gradient per weight of {self.first} is {self.ratio:.2g} times that of "
            f"{self.last}; below {VANISHING_RATIO:g} the first layers hardly learn"
        )


def measure_flow(
    counts: Mapping[str, int], norms: Mapping[str, float | None]
) -> GradientFlow | None:
    """Compare the gradients of the first and the last layer; None with fewer than three layers.

    Both shrink alike while a training converges, so that the ratio does not depend on the loss.

    Args:
        counts: number of trained parameters of each layer, first layer to last.
        norms: gradient norm by layer; None if it is not finite.
    """
    if len(counts) < LEAST_LAYERS:
        return None
    names = list(counts)
    first, last = norms[names[0]], norms[names[-1]]
    if first is None or not last:
        return None
    ratio = first / last * math.sqrt(counts[names[-1]] / counts[names[0]])
    return GradientFlow(names[0], names[-1], ratio)


def vanishing_gradients(subject: Subject, epoch: LatestEpoch) -> Iterator[Symptom]:
    """Find a gradient that shrinks from the last layer to the first.

    Behind a layer of dead relu units it is exactly 0, which dying_relu reports.
    """
    layers = epoch.record.layers
    flow = measure_flow(
        subject.trained_counts, {layer.name: layer.gradient_norm for layer in layers}
    )
    if flow is None or not flow.vanishes:
        return
    if not flow.ratio and any(layer.dead_units == 1 for layer in layers):
        return
    yield Symptom("/network/layers", str(flow))


def exploding_gradients(subject: Subject, epoch: LatestEpoch) -> Iterator[Symptom]:
    """Compare the gradient norm with that of epoch 0, while the loss is above that of epoch 0.

    A clipped gradient cannot explode: such trainings are not judged.
    """
    first, loss = epoch.earlier.first_norm, epoch.earlier.first_loss
    norm = epoch.record.gradient_norm
    if subject.spec.gradient_clip is not None or not first or loss is None:
        return
    if epoch.record.loss - loss <= EXPLODING_RISE * abs(loss):
        return
    if norm is not None and norm <= EXPLODING_RATIO * first:
        return
    size = "is not finite" if norm is None else f"is {norm:.3g}, {norm / first:.3g} times"
    text = (
        f"the gradient norm before clipping {size} that of epoch 0 ({first:.3g}), and the loss "
        f"({epoch.record.loss:.4g}) is above that of epoch 0 ({loss:.4g})"
    )
    yield Symptom("/gradient_clip", text)
