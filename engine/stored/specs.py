"""Resolved specs as stored with jobs and models."""

from typing import Any

from engine.specs import ResolvedSpec, dump
from engine.stored.versions import JsonObject, upgrades_from


def dump_spec(spec: ResolvedSpec) -> dict[str, Any]:
    """Return the spec as JSON values of the current version."""
    return dump(spec)


def upgrade_spec(values: JsonObject, version: int) -> JsonObject:
    """Return a stored spec as JSON values of the current version. Raises LaterVersionError."""
    for upgrade in upgrades_from("spec", version):
        values = upgrade.spec(values)
    return values


def read_spec(values: JsonObject, version: int) -> ResolvedSpec:
    """Return a stored spec. Raises LaterVersionError."""
    return ResolvedSpec.model_validate(upgrade_spec(values, version))
