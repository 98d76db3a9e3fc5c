"""Non-finite numbers are rejected, on every database."""

import math
from collections.abc import Callable

import pytest
from sqlalchemy import literal, select

from store.db.database import Database
from store.errors import UnstorableValueError
from store.jobs.claims import claim_job
from store.jobs.events import add_event
from store.jobs.jobs import JobRecord, get_job
from store.jobs.leases import Lease
from store.jobs.training.losses import LossRecord, list_losses
from store.jobs.training.progress import TrainingProgress, record_training_progress
from store.statuses import KINDS, TRAINING

Post = Callable[..., JobRecord]
NOT_FINITE = [math.inf, -math.inf, math.nan]


def loss(**values: object) -> LossRecord:
    layer = {"name": "output", "gradient_norm": values.pop("layer", 1.0)}
    defaults = {
        "epoch": 0,
        "loss": 0.5,
        "validation_loss": None,
        "metrics": {"accuracy": values.pop("metric", 1.0)},
        "learning_rate": 0.1,
        "gradient_norm": 1.0,
        "seconds": 0.1,
        "layers": [layer],
    }
    return LossRecord(**{**defaults, **values})  # type: ignore[arg-type]


def record(
    database: Database, lease: Lease, progress: TrainingProgress, *losses: LossRecord
) -> None:
    with database.writing() as session:
        record_training_progress(session, lease, progress, losses)


@pytest.mark.parametrize("number", NOT_FINITE, ids=str)
@pytest.mark.parametrize(
    ("what", "named"),
    [
        ("loss", "loss"),
        ("gradient_norm", "gradient_norm"),
        ("metric", "/accuracy"),
        ("layer", "/0/gradient_norm"),
    ],
)
def test_non_finite_losses_are_rejected(
    database: Database, post: Post, what: str, named: str, number: float
) -> None:
    post()
    with database.writing() as session:
        job = claim_job(session, "w", 20, 3, kinds=KINDS)
    assert job is not None
    lease = Lease(job.id, job.token)
    bad = loss(epoch=1, **{what: number})
    with pytest.raises(UnstorableValueError, match=f"{named} is {number}"):
        record(database, lease, TrainingProgress(epoch=2), loss(), bad)
    with database.reading() as session:
        assert get_job(session, job.id, TRAINING).epoch == 0
        assert list_losses(session, job.id, -1, 10).epochs == ()


def test_non_finite_progress_and_events_are_rejected(database: Database, post: Post) -> None:
    post()
    with database.writing() as session:
        job = claim_job(session, "w", 20, 3, kinds=KINDS)
    assert job is not None
    lease = Lease(job.id, job.token)
    for progress in (
        TrainingProgress(latest_metrics={"loss": math.inf}),
        TrainingProgress(training_seconds=math.nan),
    ):
        with pytest.raises(UnstorableValueError):
            record(database, lease, progress)
    with pytest.raises(UnstorableValueError, match="/loss is inf"), database.writing() as session:
        add_event(session, job.id, "epoch", {"loss": math.inf})


def test_text_with_nul_is_rejected_on_postgresql(postgres_url: str) -> None:
    database = Database(postgres_url)
    with pytest.raises(UnstorableValueError, match="NUL"), database.writing() as session:
        session.execute(select(literal("a\0b")))
    database.close()
