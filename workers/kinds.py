"""The interface between a slice and the kinds of work that it runs.

A kind of work opens a claimed job; the slice claims, saves, pauses, cancels and ends it.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol, TypeAlias, TypeVar

from engine.findings import Finding
from store.jobs.checkpoints import Checkpoint
from store.jobs.finish import Outcome
from store.jobs.jobs import JobRecord
from store.jobs.leases import Lease
from store.prepared.open import DataResources
from store.statuses import StatusReason
from workers.exactness import Exactness

Result = TypeVar("Result")
# A session of SQLAlchemy's, which only store/ imports.
Session: TypeAlias = Any


class OpenWork(Protocol[Result]):
    """A claimed job's work, open in this process; it can stop before any step and resume exactly.

    Attributes:
        exactness: environments in which the steps were done.
        checkpoint_cost: duration of the last checkpoint in seconds, set by the slice.
    """

    exactness: Exactness
    checkpoint_cost: float

    @property
    def milestone_seconds(self) -> float:
        """Maximum seconds between checkpoints, of which some are kept; infinite without any."""
        ...

    @property
    def steps_done(self) -> int:
        """Number of steps done since the beginning of the job."""
        ...

    @property
    def findings(self) -> Sequence[Finding]:
        """Findings of this process about the job; each is recorded once."""
        ...

    def run(self, stop: Callable[[], bool], abandon: Callable[[], bool]) -> Iterator[object]:
        """Work until the end, yielding whenever there are new records to save.

        Args:
            stop: called before each step; True ends the run there.
            abandon: called within long steps; True abandons the step, as if it had not begun, and
                ends the run.
        """
        ...

    def end_run(self) -> StatusReason | None:
        """End a run, which may have been abandoned; return why the work is complete, else None."""
        ...

    def checkpoint(self) -> Checkpoint:
        """Return a checkpoint, from which `WorkKind.open` resumes exactly.

        It is stored before the next step, which may change its data.
        """
        ...

    def save(self, session: Session, lease: Lease, checkpoint: Checkpoint | None) -> JobRecord:
        """Store progress, new records and the checkpoint, under the lease; may be repeated.

        Raises LeaseLostError.
        """
        ...

    def end_saving(self) -> None:
        """Discard the records of the last save, which has been committed."""
        ...

    def make_result(self, *, is_complete: bool, stop: Callable[[], bool]) -> Result | None:
        """Return the result to store, made outside of transactions; None if there is none.

        Args:
            is_complete: whether the work is complete; otherwise the job is being cancelled.
            stop: whether the job or this process is to end; asked by what may take long.
        """
        ...

    def failure_of(self, error: Exception, stop: Callable[[], bool]) -> Outcome | None:
        """Return the outcome of a run that failed with this exception; None for the kind's.

        Args:
            error: exception of `run`.
            stop: whether the job or this process is to end; asked by what may take long.
        """
        ...

    def finish(
        self, session: Session, lease: Lease, outcome: Outcome, result: Result | None
    ) -> JobRecord:
        """Store the last records and the result, and end the job; may be repeated.

        Everything is written under the lease in this transaction, so that it has effect once.
        Raises LeaseLostError.
        """
        ...

    def close(self) -> None:
        """Release what the work holds; nothing is called afterwards."""
        ...


class WorkKind(Protocol):
    """A kind of work; the registry names it."""

    def open(self, resources: DataResources, job: JobRecord) -> OpenWork[Any]:
        """Open a job's work, restored from its last checkpoint if it has one.

        Raises StoreUnavailableError, after which the job is released; any other exception ends it.
        """
        ...

    def failure_of(self, error: Exception) -> Outcome | None:
        """Return the outcome of a job that failed with this exception; None for the general one.

        Work that is open is asked first.
        """
        ...

    def fail(self, session: Session, lease: Lease, outcome: Outcome) -> JobRecord:
        """End a job that could not be opened, or whose last records cannot be stored.

        Raises LeaseLostError.
        """
        ...
