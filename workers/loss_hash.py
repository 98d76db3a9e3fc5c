"""The hash of a training's losses while it runs, which returns with it after a divergence.

The stored losses of a long training are thinned, so that the hash cannot be computed from them.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from store.jobs.training.digest import LossChain
from store.jobs.training.losses import LossRecord


class _Hashed(NamedTuple):
    """A number of epochs, and the hash of their losses."""

    epochs: int = 0
    chain: LossChain = LossChain()


class LossHash:
    """The hash of the epochs so far, and of those of the state that a divergence returns to."""

    def __init__(self) -> None:
        self._done = self._good = _Hashed()

    @property
    def epochs(self) -> int:
        """Number of hashed epochs."""
        return self._done.epochs

    @property
    def chain(self) -> LossChain:
        """Hash of their losses."""
        return self._done.chain

    def add(self, loss: LossRecord, good_epochs: int | None) -> None:
        """Add the next epoch.

        Args:
            loss: losses of the epoch; its number is lower than expected after a restore.
            good_epochs: completed epochs of the state that a divergence returns to; None for none.
        """
        self.forget_after(loss.epoch)
        self._done = _Hashed(loss.epoch + 1, self.chain.extended(loss))
        if good_epochs == self.epochs:
            self._good = self._done

    def forget_after(self, epochs: int) -> None:
        """Forget the epochs after the first ones, if there are any: a restore has given them up."""
        if epochs < self.epochs:
            self._done = self._good

    def numbers(self) -> dict[str, Any]:
        """Return the state as JSON values, from which `restore` resumes."""
        done, good = self._done, self._good
        return {
            "epochs": done.epochs,
            "losses_sha256": done.chain.value,
            "good_epochs": good.epochs,
            "good_losses_sha256": good.chain.value,
        }

    def restore(self, numbers: Mapping[str, Any]) -> None:
        """Resume from a state."""
        self._done = _Hashed(numbers["epochs"], LossChain(numbers["losses_sha256"]))
        chain = LossChain(numbers["good_losses_sha256"])
        self._good = _Hashed(numbers["good_epochs"], chain)

    def restore_from_stored(
        self, epochs: int, good_epochs: int | None, read: Callable[[int], LossChain]
    ) -> None:
        """Resume from the stored losses, for checkpoints of versions that thinned none.

        Args:
            epochs: number of epochs.
            good_epochs: completed epochs of the state that a divergence returns to; None for none.
            read: returns the hash of the first stored epochs.
        """
        self._done = _Hashed(epochs, read(epochs))
        if good_epochs is not None:
            self._good = _Hashed(good_epochs, read(good_epochs))
