"""Values that the responses of replays and explanations have in common."""

from collections.abc import Sequence

from service.schemas.replays import WorkProgressView
from service.serializers.jobs import ALLOWED_IN
from store.jobs.jobs import JobRecord
from store.statuses import JobStatus


def progress_view(job: JobRecord, steps_done: int, steps: int) -> WorkProgressView:
    """Return the progress of work that repeats steps; the number of steps may be a lower bound."""
    is_done = job.status is JobStatus.SUCCEEDED
    steps = steps_done if is_done else max(steps, steps_done)
    fraction = 1.0 if is_done else steps_done / max(steps, 1)
    return WorkProgressView(steps_done=steps_done, steps=steps, fraction=fraction)


def command_links(job: JobRecord, here: str, commands: Sequence[str]) -> dict[str, str]:
    """Return links to those of the commands that the job's status allows."""
    return {name: f"{here}/{name}" for name in commands if job.status in ALLOWED_IN[name]}
