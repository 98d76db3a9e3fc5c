"""Mapping of exceptions to the outcome of a failed job."""

import logging
from typing import Any

from engine.errors import DataError, EngineError
from store.errors import DamagedArtifactError, NotFoundError, UnstorableValueError
from store.jobs.finish import Outcome
from store.statuses import JobStatus, StatusReason
from workers.process.memory_limit import JobMemoryError

logger = logging.getLogger(__name__)


def failure_of(error: Exception) -> Outcome:
    """Return the outcome of a job of any kind that failed with this exception.

    Its message is for the client. The kind of work is asked first, see `WorkKind.failure_of`.
    """
    match error:
        case DataError():
            return failed(StatusReason.INVALID_DATA, str(error))
        case NotFoundError():
            return failed(StatusReason.INVALID_DATA, "the dataset's file does not exist any more")
        case MemoryError():
            return out_of_memory(error)
        case EngineError() | DamagedArtifactError() | UnstorableValueError():
            return failed(StatusReason.INTERNAL, str(error))
        case _:
            # The message may contain internals: it is logged and not sent to the client.
            logger.error("a job failed with an unexpected error", exc_info=error)
            return failed(StatusReason.INTERNAL, "an unexpected error; the worker's log has it")


def out_of_memory(error: MemoryError, advice: str = "") -> Outcome:
    """Return the outcome of a job that ran out of memory, with what it needed.

    Args:
        error: the failed allocation.
        advice: what the client can change.
    """
    if not isinstance(error, JobMemoryError):
        return failed(StatusReason.OUT_OF_MEMORY, f"the worker ran out of memory{advice}")
    return failed(
        StatusReason.OUT_OF_MEMORY,
        f"{error}{advice}",
        used_bytes=error.used_bytes,
        needed_bytes=error.needed_bytes,
        limit_bytes=error.limit_bytes,
    )


def failed(reason: StatusReason, message: str, **data: Any) -> Outcome:  # noqa: ANN401 - JSON
    """Return the outcome of a failed job: reason, message for the client, further data."""
    error = {"code": str(reason), "message": message, **data}
    return Outcome(JobStatus.FAILED, reason, error=error)
