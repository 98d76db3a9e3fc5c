"""Creation of trainings."""

from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy.orm import Session

from engine.findings import Finding
from engine.numerics.version import NUMERICS
from engine.stored.versions import SPEC_VERSION
from store.jobs.jobs import JobRecord, NewJob, add_job
from store.jobs.training.digest import hash_json, read_inputs, stored_digest
from store.models import NewModel
from store.statuses import TRAINING


@dataclass(frozen=True)
class NewTraining:
    """A training to be created.

    Attributes:
        start_from: initial weights; None for random ones.
        validation_dataset_id: the separate validation dataset, if any.
        inputs_digest: digest of the inputs, see `digest_inputs`; None to compute it later.
    """

    dataset_id: str
    name: str
    metadata: dict[str, Any]
    spec: dict[str, Any]
    start_from: dict[str, Any] | None = None
    priority: int = 0
    owner: str = ""
    validation_dataset_id: str | None = None
    external_id: str | None = None
    request_sha256: str | None = None
    findings: tuple[Finding, ...] = ()
    inputs_digest: str | None = None


def digest_inputs(session: Session, new: NewTraining, start: NewModel | None = None) -> str:
    """Return the digest of the inputs; SQLite has one writer, which should not wait for it.

    Args:
        session: session of a transaction before the one that creates the training.
        new: the training.
        start: the model with its initial weights, if it is yet to be stored.
    """
    inputs = read_inputs(session, new, new.spec)
    if start is not None:
        fitted = hash_json([SPEC_VERSION, start.preprocessing])
        weights = {"weights": start.weights_sha256, "preprocessing": fitted}
        inputs = replace(inputs, start_from=weights)
    return inputs.digest(NUMERICS)


def add_training(session: Session, new: NewTraining) -> JobRecord:
    """Create a queued training, as `add_job` does. Raises NotFoundError, ExternalIdTakenError."""
    values = dict(vars(new))
    digest = values.pop("inputs_digest") or digest_inputs(session, new)
    names = ("start_from", "validation_dataset_id")
    columns = {name: values.pop(name) for name in names}
    columns["digest"] = stored_digest(digest)
    others = (new.validation_dataset_id, (new.spec.get("test") or {}).get("dataset_id"))
    used = [dataset_id for dataset_id in others if dataset_id is not None]
    return add_job(session, NewJob(TRAINING, **values), columns, used)
