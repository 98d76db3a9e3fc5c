"""A job's training on its opened data: built from the initial weights, or restored."""

from engine.specs import FoldsValidation
from engine.stored.training_states import upgrade_training_state
from engine.training.cross_validation import FoldedTraining
from engine.training.loop import TrainingProtocol, TrainingState
from engine.training.training import Training
from store.jobs.checkpoints import Checkpoint
from store.prepared.open import JobData


def build_training(data: JobData, checkpoint: Checkpoint | None = None) -> TrainingProtocol:
    """Return the training at its initial weights, or restored from a checkpoint of the same job.

    With folds, the data of the first network are prepared later: by `open`, or by a step. Raises
    DataError, NotFoundError, LaterVersionError, ValueError.
    """
    state = None if checkpoint is None else _read_state(checkpoint)
    if not isinstance(data.spec.validation, FoldsValidation):
        return Training(data.spec, data.loader.prepare(), data.weights, state=state)
    training = FoldedTraining(data.spec, data.loader.prepare, data.weights)
    if state is not None:
        training.restore(state)
    return training


def _read_state(checkpoint: Checkpoint) -> TrainingState:
    state = TrainingState(checkpoint.arrays, checkpoint.numbers["training"])
    return upgrade_training_state(state, checkpoint.spec_version)
