"""Remedies of findings: JSON Patch operations on the job's request."""

from collections.abc import Collection, Sequence
from typing import Any

from pydantic import BaseModel

from engine.findings import patch
from engine.json_pointer import json_pointer
from engine.specs import TrainingSpec

# A longer list of features is not written into a remedy.
MAX_LISTED = 2000


def put(spec: BaseModel, value: Any, *path: str) -> dict[str, Any]:  # noqa: ANN401
    """Return a fix that sets a field, adding the objects on its path that the request lacks.

    Args:
        spec: the request.
        value: the field's value as JSON.
        path: names of the nested fields.
    """
    position: Any = spec
    depth = 0
    while depth < len(path) - 1 and _has(position, path[depth]):
        position = _member(position, path[depth])
        depth += 1
    for name in reversed(path[depth + 1 :]):
        value = {name: value}
    return patch(("add", json_pointer(*path[: depth + 1]), value))


def _has(position: Any, name: str) -> bool:  # noqa: ANN401
    if isinstance(position, BaseModel):
        return name in position.model_fields_set and getattr(position, name) is not None
    return name in position


def _member(position: Any, name: str) -> Any:  # noqa: ANN401
    return getattr(position, name) if isinstance(position, BaseModel) else position[name]


def remove(*path: str) -> dict[str, Any]:
    """Return a fix that removes a field of the request."""
    return patch(("remove", json_pointer(*path), None))


def with_features(
    spec: TrainingSpec, features: Sequence[str], added: Collection[str]
) -> dict[str, Any] | None:
    """Return a fix that lists the features with further ones; None if the list is too long."""
    names = [*features, *added]
    return put(spec, names, "features") if len(names) <= MAX_LISTED else None


def without_features(
    spec: TrainingSpec, features: Sequence[str], removed: Collection[str]
) -> dict[str, Any] | None:
    """Return a fix that leaves features out; None if none would remain or the list is too long."""
    unwanted = set(removed)
    names = [name for name in features if name not in unwanted]
    if not names or len(names) > MAX_LISTED:
        return None
    return put(spec, names, "features")
