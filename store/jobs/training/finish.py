"""End of a training: last losses, model and terminal status in one transaction."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy.orm import Session

from engine.training.recovery import Restore
from store.jobs.events import add_event
from store.jobs.finish import Outcome, event_data, final_outcome, finish_job
from store.jobs.jobs import JobRecord
from store.jobs.leases import Lease, update_held_job
from store.jobs.training.losses import LossRecord
from store.jobs.training.progress import TrainingProgress, record_training_progress
from store.jobs.training.thinning import thin_records
from store.models import NewModel, add_model
from store.statuses import StatusReason


def finish_training(
    session: Session,
    lease: Lease,
    outcome: Outcome,
    model: NewModel | None = None,
    progress: TrainingProgress | None = None,
    new_losses: Sequence[LossRecord] = (),
    digest: dict[str, Any] | None = None,
    *,
    restores: Sequence[Restore] = (),
) -> JobRecord:
    """Store the results and put the training into its terminal status. Raises LeaseLostError.

    Safe against a concurrent cancel: the row is locked first, and a cancel that was already
    confirmed to the client takes precedence over success.
    """
    if progress is None:
        job = update_held_job(session, lease)
    else:
        job = record_training_progress(session, lease, progress, new_losses, restores=restores)
        thin_records(session, job.id, progress.epoch, progress.best_epoch)
    model_id = None if model is None else add_model(session, job.lineage, job.upgraded_spec, model)
    if model is not None:
        found = {"test_metrics": model.test_metrics, "digest": digest or job.digest}
        update_held_job(session, lease, found)
    results = {"model_id": model_id}
    final = final_outcome(job, outcome)
    if final.reason is StatusReason.DIVERGED:
        add_event(session, job.id, "diverged", event_data(final, results), "error")
    return finish_job(session, lease, job, outcome, results)
