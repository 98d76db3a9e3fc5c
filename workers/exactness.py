"""Exactness of a job: whether all of its steps were done in environments that give equal bits."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from store.environment import gives_equal_bits


@dataclass(frozen=True)
class _Origin:
    """The steps of a checkpoint and the environment in which they were done."""

    steps: int
    environment: dict[str, Any]
    exact: bool


class Exactness:
    """Follows the environments in which the steps of a job were done.

    Args:
        environment: fingerprint of this worker, see `store.environment`.
        steps_done: returns the number of steps done.
    """

    def __init__(self, environment: dict[str, Any], steps_done: Callable[[], int]) -> None:
        self._environment = environment
        self._steps_done = steps_done
        # Origin of the steps before those of this worker; None for a job that starts here.
        self._restored: _Origin | None = None
        self._is_move_recorded = False

    @property
    def environment(self) -> dict[str, Any]:
        """The environment in which the last step was done."""
        if self._restored is None or self._has_worked(self._restored):
            return self._environment
        return self._restored.environment

    @property
    def exact(self) -> bool:
        """Whether all steps were done in environments that give equal bits."""
        return self._restored is None or (self._restored.exact and not self._has_moved)

    @property
    def records_move(self) -> bool:
        """Whether the next save is the first with steps of a different environment."""
        return self._has_moved and not self._is_move_recorded

    def numbers(self) -> dict[str, Any]:
        """Return the entries of a checkpoint's numbers, from which `restore` resumes."""
        return {"environment": self.environment, "exact": self.exact}

    def restore(self, numbers: Mapping[str, Any], *, exact: bool) -> None:
        """Resume from a checkpoint whose steps have been restored.

        Args:
            numbers: the checkpoint's numbers.
            exact: whether the job was exact at its claim; checkpoints of early versions lack it.
        """
        self._restored = _Origin(
            steps=self._steps_done(),
            environment=numbers.get("environment", {}),
            exact=numbers.get("exact", exact),
        )

    def end_saving(self) -> None:
        """Record that a save has been committed."""
        self._is_move_recorded = self._has_moved

    @property
    def _has_moved(self) -> bool:
        origin = self._restored
        if origin is None or not self._has_worked(origin):
            return False
        return not gives_equal_bits(origin.environment, self._environment)

    def _has_worked(self, origin: _Origin) -> bool:
        """Whether this worker has done a step after the checkpoint."""
        return self._steps_done() > origin.steps
