"""The digest of a training, computed at its end."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from engine.training.loop import TrainingProtocol
from store.db.database import Database
from store.jobs.training.digest import TrainingInputs, digest_result, hash_losses, stored_digest
from store.jobs.training.losses import LossRecord
from store.models import NewModel


@dataclass(frozen=True)
class TrainingDigest:
    """Computes the digest of a training.

    Attributes:
        database: database of the losses.
        job_id: id of the training.
        inputs: everything that it computes from.
    """

    database: Database
    job_id: str
    inputs: TrainingInputs

    def compute(
        self,
        training: TrainingProtocol,
        model: NewModel,
        unsaved: Sequence[LossRecord],
        numerics: int,
    ) -> dict[str, Any]:
        """Return the digest as stored.

        Args:
            training: the training, at its end.
            model: its model.
            unsaved: losses of its last epochs, which are not stored yet.
            numerics: version of the bits of its last step.
        """
        saved = unsaved[0].epoch if unsaved else training.epoch
        # Outside of the transaction that ends the job: many epochs take seconds.
        with self.database.reading() as session:
            chain = hash_losses(session, self.job_id, saved)
        for loss in unsaved:
            chain = chain.extended(loss)
        result = digest_result(model.weights_sha256, chain.value, model.cross_validation)
        inputs = self.inputs.digest(numerics)
        return stored_digest(inputs, result, training.restores_done)
