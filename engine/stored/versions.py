"""The version of stored values, and the upgrades of values stored by earlier versions."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, TypeVar

from engine.errors import LaterVersionError
from engine.training.loop import TrainingState

# Raised by every change of a stored value; docs/decisions/0027-stored-versions.md has the steps.
SPEC_VERSION = 1

JsonObject: TypeAlias = dict[str, Any]
Kind = Literal["spec", "preprocessing", "checkpoint", "column"]
Value = TypeVar("Value")


def _unchanged(value: Value) -> Value:
    return value


@dataclass(frozen=True)
class Upgrade:
    """The conversion from one version to the next; kinds of values that did not change are omitted.

    The functions return new values and leave their arguments as they are.

    Attributes:
        spec: resolved specs of jobs and models.
        preprocessing: fitted preprocessing of models and checkpoints.
        training_state: training states of checkpoints.
        column: columns of datasets.
    """

    spec: Callable[[JsonObject], JsonObject] = _unchanged
    preprocessing: Callable[[JsonObject], JsonObject] = _unchanged
    training_state: Callable[[TrainingState], TrainingState] = _unchanged
    column: Callable[[JsonObject], JsonObject] = _unchanged


# Upgrade from version n to version n + 1, by n; one for every version before SPEC_VERSION.
UPGRADES: dict[int, Upgrade] = {}


def check_version(kind: Kind, version: int) -> None:
    """Check that values of this version can be read. Raises LaterVersionError."""
    if version > SPEC_VERSION:
        raise LaterVersionError(kind, version, SPEC_VERSION)


def upgrades_from(kind: Kind, version: int) -> Iterator[Upgrade]:
    """Return the upgrades from a version to the current one, in order. Raises LaterVersionError."""
    check_version(kind, version)
    return (UPGRADES[earlier] for earlier in range(version, SPEC_VERSION))
