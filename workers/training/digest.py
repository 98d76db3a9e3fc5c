"""The digest of a training, computed at its end."""

from dataclasses import dataclass
from typing import Any

from engine.training.loop import TrainingProtocol
from store.jobs.training.digest import LossChain, TrainingInputs, digest_result, stored_digest
from store.models import NewModel


@dataclass(frozen=True)
class TrainingDigest:
    """Computes the digest of a training.

    Attributes:
        inputs: everything that it computes from.
    """

    inputs: TrainingInputs

    def compute(
        self, training: TrainingProtocol, model: NewModel, losses: LossChain, numerics: int
    ) -> dict[str, Any]:
        """Return the digest as stored.

        Args:
            training: the training, at its end.
            model: its model.
            losses: hash of the losses of all epochs.
            numerics: version of the bits of its last step.
        """
        result = digest_result(model.weights_sha256, losses.value, model.cross_validation)
        return stored_digest(self.inputs.digest(numerics), result, training.restores_done)
