"""The model-based test of jobs detects defects of the store.

The long run of the same machine is tests/chaos/test_state_machine.py.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from store.db.tables import jobs
from store.jobs import claims, commands, leases, progress
from store.jobs.jobs import JobRecord
from tests.chaos.state_machine import run_steps

SEED = 2
STEPS = 3_000
STEPS_THAT_HOLD = 1_000


def claim_with_the_old_token(session: Session, *values: Any, **how: Any) -> JobRecord | None:
    job = _claim(session, *values, **how)
    if job is None:
        return None
    session.execute(update(jobs).where(jobs.c.id == job.id).values(token=job.token - 1))
    return replace(job, token=job.token - 1)


def update_with_the_current_token(
    session: Session, lease: leases.Lease, values: dict[str, Any] | None = None
) -> JobRecord:
    token = session.scalars(select(jobs.c.token).where(jobs.c.id == lease.job_id)).one()
    return _update(session, leases.Lease(lease.job_id, token), values)


def resume_anything(session: Session, job_id: str, kind: str) -> JobRecord:
    session.execute(update(jobs).where(jobs.c.id == job_id).values(status="paused"))
    return _resume(session, job_id, kind)


_claim, _update, _resume = claims.claim_job, leases.update_held_job, commands.resume_job
BREAKS: tuple[tuple[Any, str, Callable[..., Any]], ...] = (
    (claims, "claim_job", claim_with_the_old_token),
    (commands, "resume_job", resume_anything),
    (progress, "update_held_job", update_with_the_current_token),
)


def test_store_keeps_its_promises() -> None:
    assert run_steps(SEED, STEPS_THAT_HOLD)["steps"] >= STEPS_THAT_HOLD


@pytest.mark.parametrize(("module", "name", "broken"), BREAKS, ids=[name for _, name, _ in BREAKS])
def test_broken_store_is_detected(
    monkeypatch: pytest.MonkeyPatch, module: Any, name: str, broken: Callable[..., Any]
) -> None:
    monkeypatch.setattr(module, name, broken)
    with pytest.raises(AssertionError):
        run_steps(SEED, STEPS, is_shrunk=False)
