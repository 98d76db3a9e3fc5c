"""Records of replays to response schemas."""

from service.schemas.replays import ReplayView, VerdictView
from service.serializers.work import command_links, work_fields
from store.jobs.jobs import JobRecord

COMMANDS = ("cancel", "pause", "resume")


def replay_view(job: JobRecord, steps: int) -> ReplayView:
    """Return the response schema of a replay; `steps` is the number of the training's steps."""
    return ReplayView(
        **work_fields(job, job.steps, steps),
        worker=job.worker,
        verdict=None if job.result is None else VerdictView(**job.result),
        links=_links(job),
    )


def _links(job: JobRecord) -> dict[str, str]:
    here = f"/v1/replays/{job.id}"
    return {"self": here, "job": f"/v1/jobs/{job.subject_id}", **command_links(job, here, COMMANDS)}
