"""Rules about gradients: vanishing from layer to layer, exploding over the epochs."""

import math
from collections.abc import Iterator

from engine.training.diagnosis.subject import LatestEpoch, Subject, Symptom

# Root mean square gradient of the first layer relative to that of the last layer.
VANISHING_RATIO = 1e-3
# With a single hidden layer there is nothing to vanish through.
LEAST_LAYERS = 3
# Gradient norm relative to that of epoch 0.
EXPLODING_RATIO = 100.0
# Rise of the loss above that of epoch 0, relative to the latter's size.
EXPLODING_RISE = 0.05


def vanishing_gradients(subject: Subject, epoch: LatestEpoch) -> Iterator[Symptom]:
    """Compare the gradient per weight of the first and the last layer.

    r = (‖g₁‖ / √n₁) / (‖g_L‖ / √n_L), n the number of the layer's trained parameters. Both shrink
    alike while a training converges, so that r does not depend on the loss.
    """
    counts = subject.trained_counts
    if len(counts) < LEAST_LAYERS:
        return
    norms = {layer.name: layer.gradient_norm for layer in epoch.record.layers}
    names = list(counts)
    first, last = norms[names[0]], norms[names[-1]]
    if first is None or not last:
        return
    ratio = first / last * math.sqrt(counts[names[-1]] / counts[names[0]])
    if ratio < VANISHING_RATIO:
        text = (
            f"the gradient per weight of {names[0]} is {ratio:.2g} times that of {names[-1]} "
            f"(root mean squares; below {VANISHING_RATIO:g} the first layers hardly learn)"
        )
        yield Symptom("/network/layers", text)


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
