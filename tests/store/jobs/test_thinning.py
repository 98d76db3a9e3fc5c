"""Losses and events of long trainings are thinned by a rule of the number of epochs alone."""

from collections.abc import Callable
from itertools import pairwise

import pytest
from sqlalchemy import select

from engine.metrics import Metric
from store.db.database import Database
from store.db.tables import events, losses
from store.jobs.claims import claim_job
from store.jobs.events import add_event
from store.jobs.finish import Outcome
from store.jobs.jobs import JobRecord
from store.jobs.leases import Lease
from store.jobs.training.checkpoints import TrainingCheckpoint
from store.jobs.training.finish import finish_training
from store.jobs.training.losses import LossRecord, list_losses
from store.jobs.training.progress import TrainingProgress, record_training_progress
from store.jobs.training.thinning import kept_epochs
from store.statuses import KINDS, JobStatus, StatusReason
from tests.chaos.checker import is_kept

Post = Callable[..., JobRecord]
SUCCESS = Outcome(JobStatus.SUCCEEDED, StatusReason.COMPLETED)


def by_rule(epochs: int, *best: int) -> list[int]:
    return [epoch for epoch in range(epochs) if is_kept(epoch, epochs - 1) or epoch in best]


@pytest.mark.parametrize("epochs", [0, 1, 10_000, 10_001, 10_002, 15_000, 40_001, 123_457])
def test_the_rule_is_the_documented_one(epochs: int) -> None:
    assert kept_epochs(epochs, None) == by_rule(epochs)
    assert kept_epochs(epochs, 7) == by_rule(epochs, 7)


def test_a_million_epochs_leave_24_000() -> None:
    kept = kept_epochs(1_000_000, None)
    assert 23_500 < len(kept) < 24_500
    assert kept[0] == 0
    assert kept[-5_000:] == list(range(995_000, 1_000_000))


def test_an_epoch_that_is_not_kept_is_never_wanted_later() -> None:
    counts = [9_999, 10_000, 10_001, 12_000, 19_999, 20_001, 37_000, 37_001, 81_000]
    for earlier, later in pairwise(counts):
        wanted = {epoch for epoch in kept_epochs(later, None) if epoch < earlier}
        assert wanted <= set(kept_epochs(earlier, None))


class Trainer:
    """A worker that reports epochs, without computing them."""

    def __init__(self, database: Database) -> None:
        self.database = database
        with database.writing() as session:
            job = claim_job(session, "w1", 600, 3, kinds=KINDS)
        assert job is not None
        self.lease = Lease(job.id, job.token)

    def progress(self, epochs: int, best: int) -> TrainingProgress:
        metrics: dict[str, Metric] = {"loss": 0.1}
        return TrainingProgress(
            epoch=epochs, steps=epochs, epochs_since_best=epochs - 1 - best, best_metrics=metrics
        )

    def report(self, start: int, epochs: int, best: int, *, with_checkpoint: bool = True) -> None:
        new = [LossRecord(epoch, 0.5, None, {}, 0.1, 1.0, 0.0) for epoch in range(start, epochs)]
        checkpoint = TrainingCheckpoint(epochs, {}, b"state", epoch=epochs)
        with self.database.writing() as session:
            record_training_progress(
                session,
                self.lease,
                self.progress(epochs, best),
                new,
                checkpoint if with_checkpoint else None,
            )

    def stored(self) -> list[int]:
        query = select(losses.c.epoch).order_by(losses.c.epoch)
        with self.database.reading() as session:
            return list(session.execute(query).scalars())


@pytest.fixture
def trainer(database: Database, post: Post) -> Trainer:
    post()
    return Trainer(database)


def test_losses_are_thinned_with_checkpoints_and_at_the_end(trainer: Trainer) -> None:
    trainer.report(0, 10_000, best=9_999)
    assert trainer.stored() == list(range(10_000))
    trainer.report(10_000, 10_501, best=1_001, with_checkpoint=False)
    assert trainer.stored() == list(range(10_501))
    trainer.report(10_501, 11_001, best=1_001)
    assert trainer.stored() == by_rule(11_001, 1_001)
    # The best epoch before was kept as that only.
    trainer.report(11_001, 12_001, best=3_003)
    assert trainer.stored() == [one for one in by_rule(12_001, 3_003) if one != 3_003]
    trainer.report(12_001, 12_501, best=12_345, with_checkpoint=False)
    with trainer.database.writing() as session:
        finish_training(session, trainer.lease, SUCCESS, None, trainer.progress(12_501, 12_345))
    assert trainer.stored() == by_rule(12_501)


def test_a_rescued_training_keeps_the_same(trainer: Trainer) -> None:
    trainer.report(0, 12_001, best=5)
    checkpointed = trainer.stored()
    trainer.report(12_001, 14_001, best=13_001, with_checkpoint=False)
    trainer.report(12_001, 12_002, best=5, with_checkpoint=False)
    assert trainer.stored() == [*checkpointed, 12_001]
    trainer.report(12_002, 14_001, best=13_001)
    assert trainer.stored() == by_rule(14_001)


def test_thinned_losses_say_so(trainer: Trainer) -> None:
    job_id = trainer.lease.job_id
    trainer.report(0, 10_000, best=0)
    with trainer.database.reading() as session:
        assert not list_losses(session, job_id, -1, 10).is_thinned
    trainer.report(10_000, 10_001, best=0)
    with trainer.database.reading() as session:
        page = list_losses(session, job_id, -1, 3)
    assert (page.is_thinned, page.next) == (True, "4")
    assert [loss.epoch for loss in page.epochs] == [0, 2, 4]


def test_events_are_thinned_as_the_epochs_that_they_are_about(trainer: Trainer) -> None:
    job_id = trainer.lease.job_id
    with trainer.database.writing() as session:
        for epoch, grouped in ((0, 1), (1, 1), (2, 1), (3, 2), (5, 1), (9, 4), (9_999, 1)):
            add_event(session, job_id, "epoch", {"epoch": epoch, "epochs": grouped})
            add_event(session, job_id, "improved", {"epoch": epoch})
        add_event(session, job_id, "rescued", {"worker": "w", "attempt": 2}, "warning")
    trainer.report(0, 10_001, best=5)
    query = select(events.c.type, events.c.data).where(events.c.job_id == job_id)
    with trainer.database.reading() as session:
        found = [(kind, data.get("epoch")) for kind, data in session.execute(query)]
    assert [epoch for kind, epoch in found if kind == "epoch"] == [0, 2, 3, 5, 9, 9_999, 10_000]
    assert [epoch for kind, epoch in found if kind == "improved"] == [0, 2, 5, 9_999, 5]
    assert {"created", "claimed", "checkpoint", "rescued"} <= {kind for kind, _ in found}
