"""The verdict of a replay: whether it has repeated the stored result of a training."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from store.blobs.artifacts import iterate_artifact
from store.db.tables import losses
from store.errors import DamagedArtifactError, NotFoundError
from store.jobs.jobs import JobRecord, get_job
from store.jobs.training.digest import digest_result
from store.jobs.training.thinning import kept_epochs
from store.models import get_model
from store.statuses import TRAINING


@dataclass(frozen=True)
class ReplayResult:
    """Values computed by a replay.

    Attributes:
        inputs: digest of the inputs.
        weights_sha256: hash of the model's weights.
        losses_sha256: hash of all losses.
        epochs: number of epochs with losses.
        cross_validation: results of the folds; None without folds.
        first_differing_epoch: first epoch whose stored losses differ, from 0; None if none does.
        divergence: why the replay could not go on, as a sentence; None if it reached the end.
    """

    inputs: str
    weights_sha256: str
    losses_sha256: str
    epochs: int
    cross_validation: dict[str, Any] | None
    first_differing_epoch: int | None = None
    divergence: str | None = None

    @property
    def digest(self) -> str:
        """The digest of the result."""
        return digest_result(self.weights_sha256, self.losses_sha256, self.cross_validation)


def judge(session: Session, subject_id: str, found: ReplayResult) -> dict[str, Any]:
    """Return the verdict as JSON values: the digests of both, and everything that differs.

    The stored losses, weights and results of folds are compared besides the stored digest, so that
    a change of them after the end is found as well.
    """
    job = get_job(session, subject_id, TRAINING)
    stored = job.digest or {}
    first = _first_differing_epoch(session, job, found)
    differs = {
        "inputs": stored.get("inputs") != found.inputs,
        "result": stored.get("result") != found.digest,
        "losses": first is not None,
        "weights": _hash_weights(session, job) != found.weights_sha256,
        "cross_validation": job.cross_validation != found.cross_validation,
    }
    names = [name for name, does in differs.items() if does]
    return {
        "identical": not names and found.divergence is None,
        "differs": names,
        "first_differing_epoch": first,
        "divergence": found.divergence,
        "digest": {"inputs": found.inputs, "result": found.digest},
        "expected": {name: stored.get(name) for name in ("inputs", "result")},
    }


def _first_differing_epoch(session: Session, job: JobRecord, found: ReplayResult) -> int | None:
    """Return the first epoch that differs, or that only one of both has."""
    if found.first_differing_epoch is not None:
        return found.first_differing_epoch
    query = select(losses.c.epoch).where(losses.c.job_id == job.id).order_by(losses.c.epoch)
    stored = set(session.execute(query).scalars())
    best = None if job.best_metrics is None else job.epoch - 1 - job.epochs_since_best
    kept = kept_epochs(found.epochs, best)
    # Earlier versions kept all epochs.
    expected = kept if len(stored) <= len(kept) else range(found.epochs)
    return min(stored.symmetric_difference(expected), default=None)


def _hash_weights(session: Session, job: JobRecord) -> str | None:
    """Return the sha256 of the stored weights; None if they are damaged or do not exist."""
    if job.model_id is None:
        return None
    try:
        artifact = get_model(session, job.model_id).artifact
        for _ in iterate_artifact(session, artifact):
            pass
    except (DamagedArtifactError, NotFoundError):
        return None
    return artifact
