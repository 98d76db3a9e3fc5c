"""Training states as stored in checkpoints."""

from engine.stored.versions import upgrades_from
from engine.training.loop import TrainingState


def upgrade_training_state(state: TrainingState, version: int) -> TrainingState:
    """Return a stored training state as one of the current version. Raises LaterVersionError."""
    for upgrade in upgrades_from("checkpoint", version):
        state = upgrade.training_state(state)
    return state
