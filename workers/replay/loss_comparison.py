"""Comparison of repeated epochs with the losses that a training has stored."""

from collections.abc import Iterator
from typing import Any

from engine.training.progress import EpochRecord
from store.db.database import Database
from store.jobs.training.digest import LossChain, as_line, hash_losses, read_epochs
from store.jobs.training.losses import LossRecord
from workers.loss_hash import LossHash


class LossComparison:
    """Hashes the losses of repeated epochs, and finds the first that differs from the stored ones.

    Epochs that are not stored, because the training is thinned, are hashed only.

    Attributes:
        first_differing_epoch: the first epoch that differs, from 0; None if none does.

    Args:
        database: database of the stored losses.
        job_id: id of the training.
    """

    def __init__(self, database: Database, job_id: str) -> None:
        self._database, self._job_id = database, job_id
        self.first_differing_epoch: int | None = None
        self._hash = LossHash()
        self._stored: Iterator[LossRecord] = iter(())
        self._next: LossRecord | None = None

    @property
    def epochs(self) -> int:
        """Number of epochs so far."""
        return self._hash.epochs

    @property
    def chain(self) -> LossChain:
        """Hash of their losses."""
        return self._hash.chain

    def add(self, epoch: EpochRecord, good_epochs: int | None) -> None:
        """Compare the next epoch. Raises StoreUnavailableError.

        Args:
            epoch: the epoch.
            good_epochs: completed epochs of the state that a divergence returns to; None for none.
        """
        found = LossRecord(
            epoch=epoch.epoch,
            loss=epoch.loss,
            validation_loss=epoch.validation_loss,
            metrics=epoch.metrics,
            learning_rate=epoch.learning_rate,
            gradient_norm=None,
            seconds=0.0,
        )
        self.forget_after(found.epoch)
        if self.first_differing_epoch is None and self._differs(found):
            self.first_differing_epoch = found.epoch
        self._hash.add(found, good_epochs)

    def forget_after(self, epochs: int) -> None:
        """Forget epochs after the first ones, if there are any: a restore has given them up."""
        if epochs >= self.epochs:
            return
        self._hash.forget_after(epochs)
        if self.first_differing_epoch is not None and self.first_differing_epoch >= epochs:
            self.first_differing_epoch = None
        self._stored, self._next = iter(()), None

    def _differs(self, found: LossRecord) -> bool:
        stored = self._find_stored(found.epoch)
        return stored is not None and as_line(stored) != as_line(found)

    def _find_stored(self, epoch: int) -> LossRecord | None:
        """Return the stored losses of an epoch; None if they are not stored."""
        if self._next is None or self._next.epoch < epoch:
            self._next = next(self._stored, None)
        if self._next is None:
            with self._database.reading() as session:
                self._stored = iter(read_epochs(session, self._job_id, epoch))
            self._next = next(self._stored, None)
        return self._next if self._next is not None and self._next.epoch == epoch else None

    def numbers(self) -> dict[str, Any]:
        """Return the state as JSON values, from which `restore` resumes."""
        return {**self._hash.numbers(), "first_differing_epoch": self.first_differing_epoch}

    def restore(self, numbers: dict[str, Any], good_epochs: int | None) -> None:
        """Resume from the state of an earlier comparison. Raises StoreUnavailableError.

        Args:
            numbers: the state.
            good_epochs: completed epochs of the state that a divergence returns to; None for none.
        """
        self.first_differing_epoch = numbers["first_differing_epoch"]
        if "good_epochs" in numbers:
            self._hash.restore(numbers)
            return
        with self._database.reading() as session:
            self._hash.restore_from_stored(
                numbers["epochs"],
                good_epochs,
                lambda epochs: hash_losses(session, self._job_id, epochs),
            )
