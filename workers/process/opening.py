"""End of a slice whose job is still being opened: a product or a file cannot be stopped within.

Preparing data, drawing orthogonal weights and reading a checkpoint have no steps, and change
nothing but files that the next process makes anew. The heartbeat's thread therefore commits what
was asked for, and ends the process. The lease is returned with it: the worker is not lost.
"""

import logging
from collections.abc import Callable
from typing import Any

from store.db.database import Database
from store.jobs.checkpoints import has_checkpoint
from store.jobs.finish import Outcome
from store.jobs.leases import Lease, find_held_status, pause_held_job, release_job
from store.statuses import JobStatus, StatusReason

logger = logging.getLogger(__name__)

End = Callable[[Any, Lease, Outcome], object]

_CANCELLED = Outcome(JobStatus.CANCELLED, StatusReason.USER)


def leave_opening(database: Database, lease: Lease, end: End) -> bool:
    """Cancel, pause or release a job that is being opened; return whether the process is to end.

    A job that is cancelled with a checkpoint is opened first: its partial result is made of it.
    Raises StoreError.

    Args:
        database: database of the job.
        lease: lease of the job.
        end: ends the job with an outcome, under the lease.
    """
    with database.writing() as session:
        match find_held_status(session, lease):
            case None:
                done = "has another holder"
            case JobStatus.CANCELLING if has_checkpoint(session, lease.job_id):
                return False
            case JobStatus.CANCELLING:
                end(session, lease, _CANCELLED)
                done = "is cancelled"
            case JobStatus.PAUSING:
                pause_held_job(session, lease)
                done = "is paused"
            case _:
                release_job(session, lease)
                done = "is released"
    logger.info("job %s %s before it was open: this process ends", lease.job_id, done)
    return True
