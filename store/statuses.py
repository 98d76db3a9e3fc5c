"""Kinds, statuses and status reasons of jobs, shared by database, API and workers."""

from enum import StrEnum

# The kind of the jobs of `/v1/jobs`.
TRAINING = "training"
# Repeats a training up to a step and keeps its state, from which the step is explained.
EXPLANATION = "explanation"
# Repeats a whole training and compares the results.
REPLAY = "replay"
# Kinds of work that this version knows. Jobs of other kinds are left alone.
KINDS = frozenset({TRAINING, EXPLANATION, REPLAY})
_NOUNS = {TRAINING: "job"}


def noun_of(kind: str) -> str:
    """Return what clients know a job of this kind as, which begins the types of its events."""
    return _NOUNS.get(kind, kind)


class JobStatus(StrEnum):
    """Status of a job: queued → running → succeeded | failed | cancelled, with pauses."""

    QUEUED = "queued"
    RUNNING = "running"
    PAUSING = "pausing"
    PAUSED = "paused"
    CANCELLING = "cancelling"
    CANCELLED = "cancelled"
    SUCCEEDED = "succeeded"
    FAILED = "failed"

    @property
    def is_terminal(self) -> bool:
        """Whether the job has ended; only a retry changes it."""
        return self in TERMINAL


class StatusReason(StrEnum):
    """Why a job has its status."""

    COMPLETED = "completed"
    EARLY_STOPPING = "early_stopping"
    TARGET_VALUE = "target_value"
    TIME_BUDGET = "time_budget"
    FINDING = "finding"
    DIVERGED = "diverged"
    USER = "user"
    WORKER_LOST = "worker_lost"
    OUT_OF_MEMORY = "out_of_memory"
    INVALID_DATA = "invalid_data"
    INTERNAL = "internal"

    @classmethod
    def read(cls, value: str | None) -> "StatusReason | None":
        """Return a stored reason; None for one that only a later version knows."""
        return cls(value) if value is not None and value in _REASONS else None


_REASONS = frozenset(map(str, StatusReason))
TERMINAL = frozenset({JobStatus.SUCCEEDED, JobStatus.FAILED, JobStatus.CANCELLED})
UNFINISHED = tuple(status for status in JobStatus if status not in TERMINAL)
# A worker may hold a lease, and write, only in these states.
HELD = frozenset({JobStatus.RUNNING, JobStatus.PAUSING, JobStatus.CANCELLING})
