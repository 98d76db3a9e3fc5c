"""Retry of a failed training."""

from typing import Any

from sqlalchemy.orm import Session

from store.jobs.commands import retry_job
from store.jobs.jobs import JobRecord
from store.jobs.training.losses import delete_losses
from store.statuses import TRAINING

# Values before the first step.
_UNTRAINED: dict[str, Any] = {
    "epoch": 0,
    "samples_per_second": None,
    "epochs_since_best": 0,
    "folds_done": 0,
    "cross_validation": None,
    "latest_metrics": None,
    "best_metrics": None,
    "test_metrics": None,
    "classes": None,
    "rows": None,
}


def retry_training(session: Session, job_id: str, *, from_start: bool) -> JobRecord:
    """Queue a failed training again, as `retry_job` does; from the start also without its losses.

    Raises NotFoundError, IllegalTransitionError.
    """
    job = retry_job(session, job_id, TRAINING, from_start=from_start, initial=_UNTRAINED)
    if from_start:
        delete_losses(session, job_id)
    return job
