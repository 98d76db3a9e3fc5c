"""Values that the responses of replays and explanations have in common."""

from collections.abc import Sequence
from typing import Any

from service.schemas.work import WorkProgressView
from service.serializers.jobs import ALLOWED_IN, error_view
from store.jobs.jobs import JobRecord
from store.statuses import JobStatus


def work_fields(job: JobRecord, steps_done: int, steps: int) -> dict[str, Any]:
    """Return the fields of `WorkView`; the number of steps to repeat may be a lower bound."""
    return {
        "id": job.id,
        "job_id": str(job.subject_id),
        "status": job.status,
        "is_terminal": job.status.is_terminal,
        "status_reason": job.status_reason,
        "created_at": job.created_at,
        "started_at": job.started_at,
        "finished_at": job.finished_at,
        "progress": _progress_view(job, steps_done, steps),
        "environment": job.environment,
        "error": error_view(job.error),
        "attempt": job.attempt,
    }


def _progress_view(job: JobRecord, steps_done: int, steps: int) -> WorkProgressView:
    is_done = job.status is JobStatus.SUCCEEDED
    steps = steps_done if is_done else max(steps, steps_done)
    fraction = 1.0 if is_done else steps_done / max(steps, 1)
    return WorkProgressView(steps_done=steps_done, steps=steps, fraction=fraction)


def command_links(job: JobRecord, here: str, commands: Sequence[str]) -> dict[str, str]:
    """Return links to those of the commands that the job's status allows."""
    return {name: f"{here}/{name}" for name in commands if job.status in ALLOWED_IN[name]}
