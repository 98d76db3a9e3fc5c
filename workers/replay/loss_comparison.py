"""Comparison of repeated epochs with the losses that a training has stored."""

from collections.abc import Iterator
from typing import Any

from engine.training.progress import EpochRecord
from store.db.database import Database
from store.jobs.training.digest import LossChain, as_line, hash_losses, read_epochs
from store.jobs.training.losses import LossRecord


class LossComparison:
    """Hashes the losses of repeated epochs, and finds the first that differs from the stored ones.

    Attributes:
        epochs: number of epochs so far.
        chain: hash of their losses.
        first_differing_epoch: the first epoch that differs, from 0; None if none does.

    Args:
        database: database of the stored losses.
        job_id: id of the training.
    """

    def __init__(self, database: Database, job_id: str) -> None:
        self._database, self._job_id = database, job_id
        self.epochs = 0
        self.chain = LossChain()
        self.first_differing_epoch: int | None = None
        self._stored: Iterator[LossRecord] = iter(())

    def add(self, epoch: EpochRecord) -> None:
        """Compare the next epoch. Raises StoreUnavailableError."""
        found = LossRecord(
            epoch=epoch.epoch,
            loss=epoch.loss,
            validation_loss=epoch.validation_loss,
            metrics=epoch.metrics,
            learning_rate=epoch.learning_rate,
            gradient_norm=None,
            seconds=0.0,
        )
        if found.epoch < self.epochs:
            self._forget_from(found.epoch)
        self.forget_after(found.epoch)
        if self.first_differing_epoch is None and not self._has_stored(found):
            self.first_differing_epoch = found.epoch
        self.chain = self.chain.extended(found)
        self.epochs = found.epoch + 1

    def _forget_from(self, epoch: int) -> None:
        """Forget what the epochs from this one on have shown: they are trained again."""
        self._stored = iter(())
        if self.first_differing_epoch is not None and self.first_differing_epoch >= epoch:
            self.first_differing_epoch = None

    def forget_after(self, epochs: int) -> None:
        """Forget epochs after the first ones, if there are any: a restore has given them up.

        The hash of those before is that of the stored ones, unless they differ. Raises
        StoreUnavailableError.
        """
        if epochs >= self.epochs:
            return
        with self._database.reading() as session:
            chain = hash_losses(session, self._job_id, epochs)
        first = self.first_differing_epoch
        if first is None or first >= epochs:
            self.chain, self.first_differing_epoch = chain, None
        self.epochs = epochs
        self._stored = iter(())

    def _has_stored(self, found: LossRecord) -> bool:
        stored = next(self._stored, None)
        if stored is None:
            with self._database.reading() as session:
                self._stored = iter(read_epochs(session, self._job_id, found.epoch))
            stored = next(self._stored, None)
        return stored is not None and as_line(stored) == as_line(found)

    def numbers(self) -> dict[str, Any]:
        """Return the state as JSON values, from which `restore` resumes."""
        return {
            "epochs": self.epochs,
            "losses_sha256": self.chain.value,
            "first_differing_epoch": self.first_differing_epoch,
        }

    def restore(self, numbers: dict[str, Any]) -> None:
        """Resume from the state of an earlier comparison."""
        self.epochs = numbers["epochs"]
        self.chain = LossChain(numbers["losses_sha256"])
        self.first_differing_epoch = numbers["first_differing_epoch"]
