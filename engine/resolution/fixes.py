"""Remedies of findings: JSON Patch operations on the job's request."""

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel

from engine.findings import list_features, patch
from engine.json_pointer import json_pointer
from engine.specs import TrainingSpec


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


def list_features_of(spec: TrainingSpec, names: Sequence[str]) -> dict[str, Any] | None:
    """Return a fix that makes these columns the features; None if their number is fixed."""
    return None if spec.input_shape is not None else list_features(names)
