"""Creation of trainings."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from engine.findings import Finding
from engine.numerics.version import NUMERICS
from store.jobs.jobs import JobRecord, NewJob, add_job
from store.jobs.training.digest import read_inputs, stored_digest
from store.statuses import TRAINING


@dataclass(frozen=True)
class NewTraining:
    """A training to be created.

    Attributes:
        start_from: initial weights; None for random ones.
        validation_dataset_id: the separate validation dataset, if any.
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


def add_training(session: Session, new: NewTraining) -> JobRecord:
    """Create a queued training, as `add_job` does. Raises NotFoundError, ExternalIdTakenError."""
    values = dict(vars(new))
    names = ("start_from", "validation_dataset_id")
    columns = {name: values.pop(name) for name in names}
    columns["digest"] = stored_digest(read_inputs(session, new, new.spec).digest(NUMERICS))
    others = (new.validation_dataset_id, (new.spec.get("test") or {}).get("dataset_id"))
    used = [dataset_id for dataset_id in others if dataset_id is not None]
    return add_job(session, NewJob(TRAINING, **values), columns, used)
