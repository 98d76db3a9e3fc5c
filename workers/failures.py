"""Mapping of exceptions to the outcome of a failed job."""

import logging
from typing import Any

from engine.errors import DataError, DivergenceError, EngineError
from store.blobs.tensors import finite_or_none
from store.errors import DamagedArtifactError, NotFoundError, UnstorableValueError
from store.jobs.finish import Outcome
from store.statuses import JobStatus, StatusReason

logger = logging.getLogger(__name__)


def failure_of(error: Exception) -> Outcome:
    """Return the outcome of a job that failed with this exception, actionable for the client."""
    match error:
        case DivergenceError():
            return _failed(StatusReason.DIVERGED, str(error), **_divergence(error))
        case DataError():
            return _failed(StatusReason.INVALID_DATA, str(error))
        case NotFoundError():
            return _failed(StatusReason.INVALID_DATA, "the dataset's file does not exist any more")
        case MemoryError():
            detail = "the worker ran out of memory: a smaller network or batch may help"
            return _failed(StatusReason.OUT_OF_MEMORY, detail)
        case EngineError() | DamagedArtifactError() | UnstorableValueError():
            return _failed(StatusReason.INTERNAL, str(error))
        case _:
            # The message may contain internals: it is logged and not sent to the client.
            logger.error("a job failed with an unexpected error", exc_info=error)
            return _failed(StatusReason.INTERNAL, "an unexpected error; the worker's log has it")


def _divergence(error: DivergenceError) -> dict[str, Any]:
    return {
        "epoch": error.epoch,
        "step": error.step,
        "layer": error.layer,
        "last_loss": finite_or_none(error.last_loss),
        "learning_rate": finite_or_none(error.learning_rate),
        "suggested_learning_rate": finite_or_none(error.suggested_rate),
    }


def _failed(reason: StatusReason, message: str, **data: Any) -> Outcome:  # noqa: ANN401 - JSON
    error = {"code": str(reason), "message": message, **data}
    return Outcome(JobStatus.FAILED, reason, error=error)
