"""Answers about jobs, kept while they are true: many who poll one job share its rendering."""

from collections import OrderedDict

from store.jobs.events import JobMark

KEPT_ANSWERS = 64


class RenderedJobs:
    """The last answers about jobs, each with the mark of the state that it shows.

    For one thread at a time.
    """

    def __init__(self) -> None:
        self._answers: OrderedDict[str, tuple[JobMark, bytes]] = OrderedDict()

    def find(self, job_id: str, mark: JobMark) -> bytes | None:
        """The answer that shows this state of the job, if it is kept."""
        kept, answer = self._answers.get(job_id, (None, None))
        return answer if kept == mark else None

    def keep(self, job_id: str, mark: JobMark, answer: bytes) -> None:
        """Keep an answer instead of the job's last one, and of the one kept longest."""
        self._answers[job_id] = (mark, answer)
        self._answers.move_to_end(job_id)
        if len(self._answers) > KEPT_ANSWERS:
            self._answers.popitem(last=False)
