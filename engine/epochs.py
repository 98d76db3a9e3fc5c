"""How long to train when nothing is said of it."""

from engine.specs import TrainingSpec

LEAST_EPOCHS, MOST_EPOCHS = 20, 60
# A small table has few steps an epoch, and as many steps to go.
ENOUGH_STEPS = 2000


def choose_epochs(spec: TrainingSpec, training_rows: int) -> int:
    """Epochs as asked for, else as many as make enough steps, within bounds."""
    if spec.epochs is not None:
        return spec.epochs
    batch_size = training_rows if spec.batch_size == "full" else spec.batch_size
    steps = -(-training_rows // max(batch_size, 1))
    return min(max(LEAST_EPOCHS, -(-ENOUGH_STEPS // max(steps, 1))), MOST_EPOCHS)
