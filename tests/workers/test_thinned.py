"""Long trainings: thinned losses do not change digests, rescues or replays.

The thresholds are lower here, so that few epochs are a long training.
"""

import pytest
from sqlalchemy import delete, update

from store.db.database import Database
from store.db.tables import losses
from store.jobs.training import thinning
from store.jobs.training.losses import LossPage, list_losses
from store.settings import Settings
from tests.training import train_waiting_jobs
from tests.workers.conftest import Find, Post
from tests.workers.test_digest import HELD_OUT, kill_after, result_of
from tests.workers.test_replay import GIVEN_UP, SLICED, Replay, replay, verdict_of

__all__ = ["replay"]

LONG = {**HELD_OUT, "epochs": 60}


@pytest.fixture
def _few_epochs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(thinning, "WHOLE_UP_TO", 10)
    monkeypatch.setattr(thinning, "LAST_WHOLE", 5)


def read(database: Database, job_id: str) -> LossPage:
    with database.reading() as session:
        return list_losses(session, job_id, -1, 1000)


def values(page: LossPage) -> list[tuple[int, float]]:
    return [(loss.epoch, loss.loss) for loss in page.epochs]


@pytest.mark.usefixtures("_few_epochs")
def test_a_training_that_was_killed_keeps_what_an_undisturbed_one_keeps(
    settings: Settings, database: Database, post: Post, find: Find
) -> None:
    undisturbed = post(**LONG)
    train_waiting_jobs(settings)
    killed = post(**LONG)
    kill_after(settings, database, 300)
    train_waiting_jobs(settings.model_copy(update=SLICED))
    kept = read(database, undisturbed.id)
    assert kept.is_thinned
    assert len(kept.epochs) < 30
    assert values(read(database, killed.id)) == values(kept)
    assert result_of(find(killed.id)) == result_of(find(undisturbed.id))


@pytest.mark.parametrize("spec", [LONG, GIVEN_UP], ids=["plain", "epochs given up"])
def test_a_digest_covers_all_epochs_and_is_proved_without_those_that_are_gone(
    settings: Settings,
    database: Database,
    post: Post,
    find: Find,
    replay: Replay,
    request: pytest.FixtureRequest,
    spec: dict[str, object],
) -> None:
    whole = post(**spec)
    train_waiting_jobs(settings)
    request.getfixturevalue("_few_epochs")
    thinned = post(**spec)
    train_waiting_jobs(settings.model_copy(update=SLICED))
    assert result_of(find(thinned.id)) == result_of(find(whole.id))
    for job in (whole, thinned):
        proof = replay(job.id)
        train_waiting_jobs(settings)
        assert verdict_of(database, proof)["identical"]


@pytest.mark.usefixtures("_few_epochs")
def test_a_change_of_kept_losses_is_found(
    settings: Settings,
    database: Database,
    post: Post,
    replay: Replay,
) -> None:
    job = post(**LONG)
    train_waiting_jobs(settings)
    [_, second, *_, late] = [loss.epoch for loss in read(database, job.id).epochs]
    with database.writing() as session:
        session.execute(update(losses).where(losses.c.epoch == late).values(loss=9.0))
    changed = replay(job.id)
    train_waiting_jobs(settings)
    assert verdict_of(database, changed)["first_differing_epoch"] == late
    with database.writing() as session:
        session.execute(delete(losses).where(losses.c.epoch >= second, losses.c.epoch <= late))
    gone = replay(job.id)
    train_waiting_jobs(settings)
    assert verdict_of(database, gone)["first_differing_epoch"] == second
