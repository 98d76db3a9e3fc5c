"""Digests of a training: a hash of what it computes from, and one of what it has computed.

    inputs = sha256({"spec", "spec_version", "numerics", "datasets", "start_from"})
    losses = lₙ of lᵢ = sha256(lᵢ₋₁ + {"epoch", "loss", "validation_loss", "metrics",
             "learning_rate"}), l₀ = "", one i per epoch; epochs that are trained again after a
             divergence count each time
    result = sha256({"weights", "losses", "cross_validation"})

Objects are JSON without spaces, with sorted keys and the shortest digits of each number; hashes are
lower-case hexadecimal texts. Trainings with equal inputs have equal results in equal environments,
unless a time budget or a cancel ended them.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Protocol, Self

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.stored.versions import SPEC_VERSION
from store.db.tables import datasets, losses, models
from store.jobs.training.losses import LossRecord

EPOCHS_PER_PAGE = 1_000


def hash_json(value: object) -> str:
    """Return the sha256 of a JSON value, independent of the order of keys."""
    return hashlib.sha256(_dump(value).encode()).hexdigest()


def _dump(value: object) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


class _Described(Protocol):
    """A training, stored or to be created."""

    @property
    def dataset_id(self) -> str: ...
    @property
    def validation_dataset_id(self) -> str | None: ...
    @property
    def start_from(self) -> dict[str, Any] | None: ...


@dataclass(frozen=True)
class TrainingInputs:
    """Everything that a training computes from, as JSON values.

    Attributes:
        spec: resolved spec of the current version, without the ids of datasets.
        datasets: hashes of the datasets of training, validation and test; None for those that the
            training does not have.
        start_from: hashes of the initial weights and of their preprocessing; None for random ones.
    """

    spec: dict[str, Any]
    datasets: list[dict[str, str] | None]
    start_from: dict[str, str] | None

    def digest(self, numerics: int) -> str:
        """Return the digest of the inputs, for steps with this version of the bits."""
        values = {"spec_version": SPEC_VERSION, "numerics": numerics, **vars(self)}
        return hash_json(values)


def read_inputs(session: Session, job: _Described, spec: Mapping[str, Any]) -> TrainingInputs:
    """Return the inputs of a training with this spec, which is of the current version."""
    test_id = (spec.get("test") or {}).get("dataset_id")
    ids = (job.dataset_id, job.validation_dataset_id, test_id)
    wanted = [dataset_id for dataset_id in ids if dataset_id is not None]
    columns = (datasets.c.id, datasets.c.sha256, datasets.c.fingerprint)
    rows = session.execute(select(*columns).where(datasets.c.id.in_(wanted)))
    known = {row.id: {"sha256": row.sha256, "fingerprint": row.fingerprint} for row in rows}
    return TrainingInputs(
        spec={name: _without_ids(value) for name, value in spec.items()},
        datasets=[None if one is None else known.get(one) for one in ids],
        start_from=_hash_model(session, (job.start_from or {}).get("model_id")),
    )


def _without_ids(value: Any) -> Any:  # noqa: ANN401 - JSON
    """Return a part of a spec without the id of a dataset, which is not part of its content."""
    if not isinstance(value, dict):
        return value
    return {name: part for name, part in value.items() if name != "dataset_id"}


def _hash_model(session: Session, model_id: str | None) -> dict[str, str] | None:
    if model_id is None:
        return None
    columns = (models.c.artifact, models.c.preprocessing, models.c.spec_version)
    row = session.execute(select(*columns).where(models.c.id == model_id)).one_or_none()
    if row is None:
        return None
    fitted = [row.spec_version, row.preprocessing]
    return {"weights": row.artifact, "preprocessing": hash_json(fitted)}


@dataclass(frozen=True)
class LossChain:
    """The hash of the losses of a number of epochs, which further epochs extend."""

    value: str = ""

    def extended(self, loss: LossRecord) -> Self:
        """Return the hash with one more epoch."""
        return replace(
            self, value=hashlib.sha256((self.value + as_line(loss)).encode()).hexdigest()
        )


def as_line(loss: LossRecord) -> str:
    """Return the computed values of an epoch as JSON text; equal texts mean equal bits."""
    # Databases do not keep the sign of a zero.
    numbers = {
        name: None if value is None else value + 0.0
        for name, value in (
            ("loss", loss.loss),
            ("validation_loss", loss.validation_loss),
            ("learning_rate", loss.learning_rate),
        )
    }
    return _dump({"epoch": loss.epoch, "metrics": loss.metrics, **numbers})


def read_epochs(session: Session, job_id: str, start: int) -> tuple[LossRecord, ...]:
    """Return up to EPOCHS_PER_PAGE stored epochs from this one on, without `layers`."""
    columns = [losses.c[field.name] for field in fields(LossRecord) if field.name != "layers"]
    query = (
        select(*columns)
        .where(losses.c.job_id == job_id, losses.c.epoch >= start)
        .order_by(losses.c.epoch)
        .limit(EPOCHS_PER_PAGE)
    )
    return tuple(LossRecord(**row) for row in session.execute(query).mappings())


def hash_losses(session: Session, job_id: str, epochs: int) -> LossChain:
    """Return the hash of the first `epochs` stored epochs, reading page by page."""
    chain, done = LossChain(), 0
    while done < epochs:
        page = [loss for loss in read_epochs(session, job_id, done) if loss.epoch < epochs]
        if not page:
            break
        for loss in page:
            chain = chain.extended(loss)
        done = page[-1].epoch + 1
    return chain


def digest_result(
    weights_sha256: str, losses_sha256: str, cross_validation: dict[str, Any] | None
) -> str:
    """Return the digest of a training's result."""
    parts = {"weights": weights_sha256, "losses": losses_sha256}
    return hash_json({**parts, "cross_validation": cross_validation})


def stored_digest(inputs: str, result: str | None = None, restores: int = 0) -> dict[str, Any]:
    """Return the value of the column `digest`.

    Besides, it has the version of the values that were hashed, and the number of restores after
    which the training ended: steps that a restore has given up have the same numbers as later ones.
    """
    more = {"spec_version": SPEC_VERSION, "restores": restores}
    return {"inputs": inputs, "result": result, **more}
