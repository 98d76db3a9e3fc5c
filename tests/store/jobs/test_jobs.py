"""Creation, lists and ends of jobs, on all databases."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from store.datasets.datasets import DatasetRecord, get_dataset, list_datasets
from store.datasets.deletion import delete_dataset, delete_dataset_row
from store.db.database import Database
from store.db.pagination import PageRequest
from store.errors import DatasetInUseError, IllegalTransitionError, NotFoundError
from store.jobs.claims import claim_job
from store.jobs.commands import cancel_job
from store.jobs.finish import Outcome
from store.jobs.jobs import JobFilter, JobRecord, find_jobs, get_job, list_jobs
from store.jobs.leases import Lease
from store.jobs.training.finish import finish_training
from store.jobs.training.losses import LossRecord, list_losses
from store.jobs.training.new_training import NewTraining, add_training
from store.jobs.training.progress import TrainingProgress, record_training_progress
from store.models import NewModel, get_model, list_short_models
from store.statuses import KINDS, TRAINING, JobStatus, StatusReason

Post = Callable[..., JobRecord]
MODEL = NewModel({"columns": []}, {"loss": 0.5}, 7, b"weights")


def hold(database: Database) -> Lease:
    with database.writing() as session:
        job = claim_job(session, "w", 20, 3, kinds=KINDS)
    assert job is not None
    return Lease(job.id, job.token)


def loss(epoch: int, value: float = 1.0) -> LossRecord:
    return LossRecord(epoch, value, None, {"accuracy": 0.5}, 0.1, 2.0, 0.01)


def test_job_reads_back_as_it_was_added(database: Database, post: Post) -> None:
    job = post(name="ünïcode ✓", metadata={"team": "a"}, spec={"epochs": 3, "rate": 1e-3})
    with database.reading() as session:
        assert get_job(session, job.id, TRAINING) == job
    assert (job.status, job.error, job.latest_metrics) == (JobStatus.QUEUED, None, None)


def test_existing_jobs_are_found_and_unknown_ids_omitted(database: Database, post: Post) -> None:
    first, _, third = post(), post(), post()
    with database.reading() as session:
        found = find_jobs(session, [third.id, "job_nope", first.id], TRAINING)
        assert find_jobs(session, [], TRAINING) == {}
    assert found == {first.id: first, third.id: third}


def test_job_on_an_unknown_dataset_is_refused(database: Database) -> None:
    with pytest.raises(NotFoundError), database.writing() as session:
        add_training(session, NewTraining("ds_none", "", {}, {}))


def test_job_validated_by_an_unknown_dataset_is_refused(database: Database, post: Post) -> None:
    known = post().dataset_id
    new = NewTraining(known, "", {}, {}, validation_dataset_id="ds_none")
    with pytest.raises(NotFoundError), database.writing() as session:
        add_training(session, new)


def test_dataset_that_validates_an_unfinished_job_cannot_be_deleted(
    database: Database, post: Post
) -> None:
    known = post()
    new = NewTraining(known.dataset_id, "", {}, {}, validation_dataset_id=known.dataset_id)
    with database.writing() as session:
        added = add_training(session, new)
        cancel_job(session, known.id, TRAINING)
    assert added.validation_dataset_id == known.dataset_id
    with pytest.raises(DatasetInUseError), database.writing() as session:
        delete_dataset(session, known.dataset_id)


def test_every_job_is_on_one_page(database: Database, post: Post) -> None:
    ids = [post().id for _ in range(5)]
    seen: list[str] = []
    after: str | None = None
    with database.reading() as session:
        while True:
            page = list_jobs(session, TRAINING, JobFilter(), PageRequest(2, after, "asc"))
            seen += [job.id for job in page.items]
            if page.next is None:
                break
            after = page.next
    assert seen == ids


@pytest.mark.parametrize(
    "wanted",
    [
        JobFilter(name="a"),
        JobFilter(metadata={"team": "red"}),
        JobFilter(statuses=[JobStatus.CANCELLED]),
    ],
)
def test_filter_finds_the_one_job(database: Database, post: Post, wanted: JobFilter) -> None:
    job = post(name="a", metadata={"team": "red"})
    post(name="b", metadata={"team": "blue"})
    with database.writing() as session:
        cancel_job(session, job.id, TRAINING)
        assert [
            found.id for found in list_jobs(session, TRAINING, wanted, PageRequest()).items
        ] == [job.id]


def test_queued_job_is_cancelled_at_once(database: Database, post: Post) -> None:
    job = post()
    with database.writing() as session:
        cancelled = cancel_job(session, job.id, TRAINING)
    assert cancelled.status is JobStatus.CANCELLED
    assert cancelled.finished_at is not None
    with pytest.raises(IllegalTransitionError), database.writing() as session:
        cancel_job(session, job.id, TRAINING)


def test_cancel_is_idempotent(database: Database, post: Post) -> None:
    job = post()
    hold(database)
    with database.writing() as session:
        assert cancel_job(session, job.id, TRAINING).status is JobStatus.CANCELLING
        assert cancel_job(session, job.id, TRAINING).status is JobStatus.CANCELLING


def test_epoch_stored_twice_is_replaced(database: Database, post: Post) -> None:
    job = post()
    lease = hold(database)
    for losses in ([loss(0), loss(1), loss(2)], [loss(1, 5.0)]):
        with database.writing() as session:
            record_training_progress(session, lease, TrainingProgress(epoch=2), losses)
    with database.reading() as session:
        found = list_losses(session, job.id, after=-1, limit=10)
    assert [(record.epoch, record.loss) for record in found.epochs] == [(0, 1.0), (1, 5.0)]
    assert found.next is None


def test_a_gradient_without_a_finite_length_is_stored_as_null(
    database: Database, post: Post
) -> None:
    job = post()
    lease = hold(database)
    layer = {"name": "output", "gradient_norm": None, "update_ratio": None, "dead_units": None}
    stored = replace(loss(0), gradient_norm=None, layers=[layer])
    with database.writing() as session:
        record_training_progress(session, lease, TrainingProgress(epoch=1), [stored])
    with database.reading() as session:
        assert list_losses(session, job.id, -1, 10).epochs == (stored,)


def test_losses_come_in_pages(database: Database, post: Post) -> None:
    job = post()
    lease = hold(database)
    with database.writing() as session:
        record_training_progress(
            session, lease, TrainingProgress(), [loss(epoch) for epoch in range(5)]
        )
        found = list_losses(session, job.id, after=1, limit=2)
    assert ([record.epoch for record in found.epochs], found.next) == ([2, 3], "3")


def test_pages_of_losses_that_are_read_in_pieces_are_whole(database: Database, post: Post) -> None:
    job = post()
    lease = hold(database)
    with database.writing() as session:
        record_training_progress(
            session, lease, TrainingProgress(), [loss(epoch) for epoch in range(250)]
        )
        for limit in (99, 100, 199, 200, 201, 249, 250, 251):
            found = list_losses(session, job.id, after=-1, limit=limit)
            assert [record.epoch for record in found.epochs] == list(range(min(limit, 250)))
            assert found.next == (str(limit - 1) if limit < 250 else None)


def test_finished_job_has_its_model_and_last_losses(database: Database, post: Post) -> None:
    job = post(name="n")
    lease = hold(database)
    outcome = Outcome(JobStatus.SUCCEEDED, StatusReason.COMPLETED)
    with database.writing() as session:
        ended = finish_training(
            session, lease, outcome, MODEL, TrainingProgress(epoch=1), [loss(0)]
        )
    assert (ended.status, ended.epoch, ended.lease_expires_at) == (JobStatus.SUCCEEDED, 1, None)
    with database.reading() as session:
        model = get_model(session, str(ended.model_id))
        [listed] = list_short_models(session, PageRequest(), job_id=job.id).items
        assert (listed.record, listed.omitted) == (model, ())
        assert len(list_losses(session, job.id, -1, 10).epochs) == 1
    assert (model.job_id, model.dataset_sha256, model.name) == (job.id, job.dataset_sha256, "n")


def test_dataset_of_an_unfinished_job_cannot_be_deleted(
    database: Database, dataset: DatasetRecord, post: Post
) -> None:
    job = post()
    with pytest.raises(DatasetInUseError), database.writing() as session:
        delete_dataset(session, dataset.id)
    with database.writing() as session:
        cancel_job(session, job.id, TRAINING)
        delete_dataset(session, dataset.id)
        assert list_datasets(session, PageRequest()).items == ()
        delete_dataset_row(session, dataset.id)
    with pytest.raises(NotFoundError), database.reading() as session:
        get_dataset(session, dataset.id)
