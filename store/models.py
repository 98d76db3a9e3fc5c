"""Trained models and their lineage; the weights are an artifact, loaded only on request."""

from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping, insert, select
from sqlalchemy.orm import Session

from engine.metrics import Metric
from engine.stored.versions import SPEC_VERSION
from store.blobs.artifacts import add_artifact, hash_artifact
from store.blobs.packed_arrays import PackedArrays
from store.db.clock import now
from store.db.ids import new_id
from store.db.long_values import select_short, short, split_long
from store.db.pagination import Page, PageRequest, fetch_page
from store.db.tables import models
from store.errors import NotFoundError
from store.usage.counters import add_usage


@dataclass(frozen=True)
class NewModel:
    """A trained model to store: preprocessing, weights as a safetensors file, and metrics.

    The preprocessing consists of JSON values of the current version. Create it before the
    transaction that adds it: the constructor hashes the weights. `numerics` is the version of the
    bits of its last step (`engine.numerics.version`); None if trained elsewhere. `test_metrics` are
    those of the test rows; None without a test part.
    """

    preprocessing: dict[str, Any]
    metrics: dict[str, Metric]
    parameter_count: int
    weights: bytes | PackedArrays
    partial: bool = False
    cross_validation: dict[str, Any] | None = None
    numerics: int | None = None
    test_metrics: dict[str, Metric] | None = None
    weights_sha256: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "weights_sha256", hash_artifact(self.weights))


@dataclass(frozen=True)
class ModelRecord:
    """A row of the table `models`; `artifact` is the sha256 of the weights.

    `spec` and `preprocessing` are in the form of the version `spec_version`. `metrics` are by name;
    those of the test rows, if any, are under `test`.
    """

    id: str
    owner: str
    name: str
    job_id: str | None
    dataset_id: str | None
    dataset_sha256: str | None
    spec: dict[str, Any]
    preprocessing: dict[str, Any]
    spec_version: int
    metrics: dict[str, Any]
    cross_validation: dict[str, Any] | None
    parameter_count: int
    partial: bool
    artifact: str
    numerics: int | None
    created_at: datetime


@dataclass(frozen=True)
class Lineage:
    """The job and the dataset that a model was trained from."""

    owner: str
    name: str
    job_id: str
    dataset_id: str
    dataset_sha256: str


def add_model(session: Session, lineage: Lineage, spec: dict[str, Any], new: NewModel) -> str:
    """Store a model that a job has trained, and return its id.

    The spec consists of JSON values of the current version.
    """
    return _add(session, new, spec, **asdict(lineage))


def import_model(
    session: Session, new: NewModel, spec: dict[str, Any], name: str, owner: str = ""
) -> str:
    """Store a model that was trained elsewhere, and return its id."""
    return _add(session, new, spec, owner=owner, name=name)


def _add(session: Session, new: NewModel, spec: dict[str, Any], **values: str) -> str:
    model_id = new_id("mdl")
    session.execute(
        insert(models).values(
            **values,
            id=model_id,
            spec=spec,
            preprocessing=new.preprocessing,
            spec_version=SPEC_VERSION,
            metrics=_all_metrics(new),
            cross_validation=new.cross_validation,
            parameter_count=new.parameter_count,
            partial=new.partial,
            artifact=add_artifact(session, new.weights, new.weights_sha256),
            numerics=new.numerics,
            created_at=now(),
        )
    )
    add_usage(session, values["owner"], weights=len(new.weights))
    return model_id


def _all_metrics(new: NewModel) -> dict[str, Any]:
    """Return the value of the column `metrics`; those of the test rows have a key of their own."""
    return new.metrics if new.test_metrics is None else {**new.metrics, "test": new.test_metrics}


def _record(row: RowMapping) -> ModelRecord:
    return ModelRecord(**row)


def get_model(session: Session, model_id: str) -> ModelRecord:
    """Return the model. Raises NotFoundError."""
    row = session.execute(select(models).where(models.c.id == model_id)).mappings().one_or_none()
    if row is None:
        raise NotFoundError("model", model_id)
    return _record(row)


# Columns whose size grows with the table, the classes or the folds.
_GROWING = frozenset({"cross_validation", "metrics", "preprocessing", "spec"})
_SPEC_MEMBERS = ("task", "target")


@dataclass(frozen=True)
class ListedModel:
    """A model in a list.

    Attributes:
        record: the model; long values are None or empty, of a long spec there are task and target.
        omitted: names of the columns with long values.
    """

    record: ModelRecord
    omitted: tuple[str, ...]


def list_short_models(
    session: Session, request: PageRequest, job_id: str | None = None
) -> Page[ListedModel]:
    """Return one page of models without long values, by default newest first."""
    query = select_short(models, _GROWING).add_columns(
        *(short(models.c.spec[name], 512).label(f"spec.{name}") for name in _SPEC_MEMBERS)
    )
    if job_id is not None:
        query = query.where(models.c.job_id == job_id)
    return fetch_page(session, query, models.c.id, request).map(_listed)


def _listed(row: RowMapping) -> ListedModel:
    values, omitted = split_long(row)
    members = {name: values.pop(f"spec.{name}") for name in _SPEC_MEMBERS}
    empty: dict[str, Any] = {name: {} for name in omitted}
    if "spec" in omitted:
        empty["spec"] = {name: value for name, value in members.items() if value is not None}
    if "cross_validation" in omitted:
        empty["cross_validation"] = None
    return ListedModel(ModelRecord(**{**values, **empty}), omitted)


def list_model_versions(session: Session, limit: int) -> list[tuple[str, int]]:
    """Return id and spec version of the newest models."""
    query = select(models.c.id, models.c.spec_version).order_by(models.c.id.desc()).limit(limit)
    return [(model_id, version) for model_id, version in session.execute(query)]
