"""Creation of explanations: a step of a training, and a question about it."""

from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from store.db.tables import jobs
from store.jobs.jobs import JobRecord, job_from_row
from store.jobs.subjects import add_job_about, lock_subject
from store.jobs.training.digest import hash_json
from store.statuses import EXPLANATION, UNFINISHED


@dataclass(frozen=True)
class Question:
    """A question about a step of a training; stored as JSON values.

    Attributes:
        step: index of the step among those of its network, from 0.
        fold: index of the fold over all repeats, from 0; None for the final network.
        request: the request about the step, as the client sent it.
        from_step: steps done over all networks in the kept state that the way begins at.
        steps: number of steps to repeat; a lower bound if the length of a fold is unknown.
    """

    step: int
    fold: int | None
    request: dict[str, Any]
    from_step: int
    steps: int

    @property
    def sha256(self) -> str:
        """Hash of the position and the request, which equal questions have in common."""
        return hash_json([self.step, self.fold, self.request])


def add_explanation(
    session: Session, subject: JobRecord, question: Question, environment: str | None = None
) -> tuple[JobRecord, bool]:
    """Create a queued explanation; return it and whether it is new.

    An unfinished explanation of the same question is returned instead. Safe against concurrent
    requests: they follow each other. Explanations are before trainings of the same priority,
    because clients wait for them. Raises NotFoundError if a dataset has been deleted.

    Args:
        session: session of the transaction.
        subject: the training.
        question: the step and the request.
        environment: hash of the environment that its workers must have; None for any.
    """
    lock_subject(session, subject.id)
    existing = _find_unfinished(session, subject.id, question.sha256)
    if existing is not None:
        return existing, False
    columns = {"question": asdict(question), "required_environment": environment}
    made = add_job_about(
        session,
        EXPLANATION,
        subject,
        columns,
        priority=subject.priority + 1,
        request_sha256=question.sha256,
    )
    return made, True


def _find_unfinished(session: Session, subject_id: str, sha256: str) -> JobRecord | None:
    query = select(jobs).where(
        jobs.c.subject_id == subject_id,
        jobs.c.kind == EXPLANATION,
        jobs.c.request_sha256 == sha256,
        jobs.c.status.in_(UNFINISHED),
    )
    row = session.execute(query.order_by(jobs.c.id).limit(1)).mappings().one_or_none()
    return None if row is None else job_from_row(row)
