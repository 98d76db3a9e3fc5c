"""Remedies of findings: JSON Patch operations on the job's request."""

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel

from engine.data.table import ColumnSchema
from engine.findings import list_features, patch
from engine.json_pointer import json_pointer
from engine.preprocessing.column_options import NO_OVERRIDES
from engine.preprocessing.column_plan import has_encoding
from engine.specs import PreprocessingSpec, TrainingSpec

# Hash buckets proposed for texts that are left out.
DEFAULT_BUCKETS = 64


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


def use_columns(spec: TrainingSpec, columns: Sequence[ColumnSchema]) -> dict[str, Any] | None:
    """Return a fix that makes these columns the features, and hashes those without an encoding.

    None if the number of features is fixed.
    """
    listed = list_features_of(spec, [column.name for column in columns])
    texts = [column for column in columns if not has_encoding(spec.preprocessing, column)]
    if listed is None or not texts:
        return listed
    return {"patch": [*hash_columns(spec, texts)[1]["patch"], *listed["patch"]]}


def hash_columns(
    spec: TrainingSpec, columns: Sequence[ColumnSchema]
) -> tuple[TrainingSpec, dict[str, Any]]:
    """Return the request in which these columns are hashed, and the fix that leads to it.

    Free text is hashed by one option; columns stated to be categorical need an option each.
    """
    changes: dict[str, Any]
    if all(column.kind == "text" for column in columns):
        changes = {"hash_buckets": DEFAULT_BUCKETS}
        fix = put(spec, DEFAULT_BUCKETS, "preprocessing", "hash_buckets")
    else:
        overrides = dict(spec.preprocessing.columns)
        for column in columns:
            override = overrides.get(column.name, NO_OVERRIDES)
            # They contradict hashing.
            others = override.model_dump(
                exclude_unset=True, exclude={"categorical", "levels", "max_levels"}
            )
            hashed = others | {"hash_buckets": DEFAULT_BUCKETS}
            overrides[column.name] = type(override).model_validate(hashed)
        changes = {"columns": overrides}
        dumped = {
            name: override.model_dump(mode="json", exclude_unset=True)
            for name, override in overrides.items()
        }
        fix = put(spec, dumped, "preprocessing", "columns")
    preprocessing: PreprocessingSpec = spec.preprocessing.model_copy(update=changes)
    return spec.model_copy(update={"preprocessing": preprocessing}), fix
