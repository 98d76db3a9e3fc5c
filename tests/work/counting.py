"""A second kind of work, for the tests alone: it counts steps, with a hash chain as its state.

A step that is lost, repeated or done by another state changes every later digest.
"""

import hashlib
import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from engine.findings import Finding
from store.blobs.tensors import pack_arrays
from store.jobs.checkpoints import Checkpoint, find_checkpoint
from store.jobs.finish import Outcome, finish_job
from store.jobs.jobs import JobRecord
from store.jobs.leases import Lease, update_held_job
from store.jobs.progress import JobProgress
from store.prepared.open import DataResources
from store.statuses import StatusReason
from tests.work.counting_store import Count, Mark, finish_counting, record_counting
from workers.exactness import Exactness
from workers.failures import failed
from workers.kinds import Session

MARK_STEPS = 20


class SpoiledCountError(Exception):
    """A count that fails at a step, if its spec asks for it."""


class Chain:
    """A hash chain: `hashes` rounds per step, from the seed."""

    def __init__(self, spec: dict[str, Any]) -> None:
        self.steps_done = 0
        self.digest = hashlib.sha256(b"%d" % spec["seed"]).digest()
        self._hashes: int = spec["hashes"]

    def step(self) -> None:
        """Do one step."""
        digest = self.digest + b"%d" % self.steps_done
        for _ in range(self._hashes):
            digest = hashlib.sha256(digest).digest()
        self.digest = digest
        self.steps_done += 1

    def mark(self) -> Mark | None:
        """Return the mark of these steps, if they have one."""
        if self.steps_done % MARK_STEPS:
            return None
        return Mark(self.steps_done // MARK_STEPS - 1, self.digest.hex())


def count_undisturbed(spec: dict[str, Any]) -> tuple[list[Mark], str]:
    """Return the marks and the digest of a count without faults."""
    chain = Chain(spec)
    found = []
    while chain.steps_done < spec["steps"]:
        chain.step()
        if (mark := chain.mark()) is not None:
            found.append(mark)
    return found, chain.digest.hex()


class CountingWork:
    """An open count."""

    def __init__(
        self, resources: DataResources, job: JobRecord, checkpoint: Checkpoint | None
    ) -> None:
        self.exactness = Exactness(resources.environment, lambda: self.steps_done)
        self.checkpoint_cost = 0.0
        self.milestone_seconds = math.inf
        self.is_closed = False
        self.findings: tuple[Finding, ...] = ()
        self._spec = job.spec
        self._chain = Chain(job.spec)
        self._unsaved: list[Mark] = []
        if checkpoint is not None:
            self._chain.steps_done = checkpoint.steps
            self._chain.digest = checkpoint.arrays["digest"].tobytes()
            self.exactness.restore(checkpoint.numbers, exact=job.exact)

    @property
    def steps_done(self) -> int:
        """Number of steps done."""
        return self._chain.steps_done

    def run(self, stop: Callable[[], bool], abandon: Callable[[], bool]) -> Iterator[object]:
        """Count until the end or a stop; yield at each mark."""
        while self.steps_done < self._spec["steps"]:
            if stop():
                return
            if self.steps_done == self._spec.get("spoiled_at"):
                raise SpoiledCountError
            self._chain.step()
            if (mark := self._chain.mark()) is not None:
                self._unsaved.append(mark)
                yield mark

    def end_run(self) -> StatusReason | None:
        """Return whether the count is complete."""
        return StatusReason.COMPLETED if self.steps_done == self._spec["steps"] else None

    def checkpoint(self) -> Checkpoint:
        """Return the state: the digest as an array, and the environment."""
        digest = np.frombuffer(self._chain.digest, np.uint8)
        return Checkpoint(
            self.steps_done, self.exactness.numbers(), pack_arrays({"digest": digest})
        )

    def save(self, session: Session, lease: Lease, checkpoint: Checkpoint | None) -> JobRecord:
        """Store progress, new marks and the checkpoint."""
        done = self.steps_done // MARK_STEPS
        return record_counting(session, lease, self._progress(), self._unsaved, done, checkpoint)

    def _progress(self) -> JobProgress:
        environment, exact = self.exactness.environment, self.exactness.exact
        return JobProgress(self.steps_done, environment=environment, exact=exact)

    def end_saving(self) -> None:
        """Discard the saved marks."""
        self._unsaved.clear()

    def failure_of(self, error: Exception, stop: Callable[[], bool]) -> None:
        """Leave every failure to the kind."""

    def make_result(self, *, is_complete: bool, stop: Callable[[], bool]) -> Count | None:
        """Return how far the job has counted; None for a cancelled job without a step."""
        if not is_complete and not self.steps_done:
            return None
        return Count(self.steps_done, self._chain.digest.hex())

    def finish(
        self, session: Session, lease: Lease, outcome: Outcome, result: Count | None
    ) -> JobRecord:
        """Store the last marks and the result, and end the job."""
        job = self.save(session, lease, None)
        return finish_counting(session, lease, job, outcome, result)

    def close(self) -> None:
        """Record that the work was closed, once."""
        assert not self.is_closed
        self.is_closed = True


class CountingKind:
    """The kind of work; it remembers what it has opened in this process."""

    def __init__(self) -> None:
        self.opened: list[CountingWork] = []

    def open(self, resources: DataResources, job: JobRecord) -> CountingWork:
        """Open a count, restored from its last checkpoint."""
        with resources.database.reading() as session:
            checkpoint = find_checkpoint(session, job.id)
        self.opened.append(CountingWork(resources, job, checkpoint))
        return self.opened[-1]

    def failure_of(self, error: Exception) -> Outcome | None:
        """Return the outcome of a count that was spoiled."""
        if isinstance(error, SpoiledCountError):
            return failed(StatusReason.INVALID_DATA, "the count is spoiled")
        return None

    def fail(self, session: Session, lease: Lease, outcome: Outcome) -> JobRecord:
        """End a count without a result."""
        return finish_job(session, lease, update_held_job(session, lease), outcome)
