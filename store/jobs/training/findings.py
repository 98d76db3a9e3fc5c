"""Findings of a running job: each is an event of type `finding`, recorded once."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from store.db.tables import events
from store.jobs.events import add_event

GRADIENT_NOT_FINITE = "gradient_not_finite"


def add_gradient_finding(session: Session, job_id: str, epoch: int) -> None:
    """Record that the gradient norm of this epoch, before clipping, was not finite.

    The losses hold null for it. A rescued job, which repeats epochs, does not repeat the finding.
    """
    if _has_finding(session, job_id, GRADIENT_NOT_FINITE):
        return
    data = {
        "code": GRADIENT_NOT_FINITE,
        "pointer": "/optimizer/learning_rate",
        "epoch": epoch,
        "detail": "the gradient before clipping exceeds the largest number of its dtype, so its "
        "norm is null; lower the learning rate, scale the target, or use float64",
    }
    add_event(session, job_id, "finding", data, "warning")


def _has_finding(session: Session, job_id: str, code: str) -> bool:
    query = select(events.c.data).where(events.c.job_id == job_id, events.c.type == "finding")
    return any(data["code"] == code for data in session.execute(query).scalars())
