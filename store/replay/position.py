"""Positions in a training: a step of one of its networks."""

from dataclasses import dataclass

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


@dataclass(frozen=True, order=True)
class Place:
    """A position with the networks in the order of training; comparable.

    Attributes:
        network: index of the network, from 0; the final one follows the folds.
        step: steps that this network has done.
    """

    network: int
    step: int


def count_folds(spec: ResolvedSpec) -> int:
    """Return the number of networks before the final one."""
    validation = spec.validation
    return validation.networks if isinstance(validation, FoldsValidation) else 0


def position_of(place: Place, folds: int) -> Position:
    """Return the position of a place in a training with this many folds."""
    return Position(place.step, None if place.network >= folds else place.network)
