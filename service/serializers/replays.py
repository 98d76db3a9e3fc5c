"""Records of replays to response schemas."""

from service.schemas.replays import ReplayView, VerdictView
from service.serializers.jobs import error_view
from service.serializers.work import command_links, progress_view
from store.jobs.jobs import JobRecord

COMMANDS = ("cancel", "pause", "resume")


def replay_view(job: JobRecord, steps: int) -> ReplayView:
    """Return the response schema of a replay; `steps` is the number of the training's steps."""
    return ReplayView(
        id=job.id,
        job_id=str(job.subject_id),
        status=job.status,
        is_terminal=job.status.is_terminal,
        status_reason=job.status_reason,
        created_at=job.created_at,
        started_at=job.started_at,
        finished_at=job.finished_at,
        progress=progress_view(job, job.steps, steps),
        environment=job.environment,
        worker=job.worker,
        verdict=None if job.result is None else VerdictView(**job.result),
        error=error_view(job.error),
        attempt=job.attempt,
        links=_links(job),
    )


def _links(job: JobRecord) -> dict[str, str]:
    here = f"/v1/replays/{job.id}"
    return {"self": here, "job": f"/v1/jobs/{job.subject_id}", **command_links(job, here, COMMANDS)}
