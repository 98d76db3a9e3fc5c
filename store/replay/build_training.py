"""A job's training on its opened data: built from the initial weights, or restored."""

from engine.specs import FoldsValidation
from engine.stored.training_states import upgrade_training_state
from engine.training.cross_validation import FoldedTraining
from engine.training.loop import TrainingProtocol, TrainingState
from engine.training.training import Training
from store.blobs.tensors import unpack_arrays
from store.jobs.checkpoints import Checkpoint
from store.prepared.open import JobData


def build_training(data: JobData) -> TrainingProtocol:
    """Return the training at its initial weights. Raises DataError, NotFoundError.

    With folds, the data of the first network are prepared later: by `open`, or by a step.
    """
    if isinstance(data.spec.validation, FoldsValidation):
        return FoldedTraining(data.spec, data.loader.prepare, data.weights)
    return Training(data.spec, data.loader.prepare(), data.weights)


def restore_training(training: TrainingProtocol, checkpoint: Checkpoint) -> None:
    """Resume from a checkpoint of the same job. Raises LaterVersionError, ValueError."""
    state = TrainingState(
        arrays=unpack_arrays(checkpoint.data), numbers=checkpoint.numbers["training"]
    )
    training.restore(upgrade_training_state(state, checkpoint.spec_version))
