"""Positions in a training: a step of one of its networks."""

from dataclasses import dataclass
from functools import total_ordering

from engine.data.batches import count_steps
from engine.preparation.part_rows import PartRows
from engine.specs import FoldsValidation, ResolvedSpec


@dataclass(frozen=True)
class Position:
    """A step of one network of a job.

    Attributes:
        step: index of the step among those of its network, from 0; step s is the update from the
            weights after s steps to those after s + 1.
        fold: index of the fold over all repeats, from 0, as in a job's progress; None for the final
            network, and for jobs without folds.
    """

    step: int
    fold: int | None = None

    def __str__(self) -> str:
        return f"step {self.step}" + ("" if self.fold is None else f" of fold {self.fold}")


@total_ordering
@dataclass(frozen=True)
class Place:
    """A point in the history of a training; comparable, earlier ones are less.

    Attributes:
        network: index of the network, from 0; the final one follows the folds.
        step: steps that this network has done.
        restores: number of its returns to an earlier state after a divergence.
    """

    network: int
    step: int
    restores: int = 0

    def __lt__(self, other: "Place") -> bool:
        return self._order < other._order

    @property
    def _order(self) -> tuple[int, int, int]:
        return self.network, self.restores, self.step


def count_folds(spec: ResolvedSpec) -> int:
    """Return the number of networks before the final one."""
    validation = spec.validation
    return validation.networks if isinstance(validation, FoldsValidation) else 0


def count_steps_per_epoch(spec: ResolvedSpec, rows: PartRows, network: int) -> int:
    """Return the steps per epoch of a network, by its index."""
    is_fold = network < len(rows.folds)
    return count_steps(spec, rows.folds[network].training if is_fold else rows.training)


def position_of(place: Place, folds: int) -> Position:
    """Return the position of a place in a training with this many folds."""
    return Position(place.step, None if place.network >= folds else place.network)
