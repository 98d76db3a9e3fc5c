"""Fitted preprocessing as stored with models, checkpoints and prepared data."""

from typing import Any

from pydantic import TypeAdapter

from engine.preprocessing.preprocessing import Preprocessing
from engine.stored.versions import JsonObject, upgrades_from

_ADAPTER = TypeAdapter(Preprocessing)


def dump_preprocessing(preprocessing: Preprocessing) -> dict[str, Any]:
    """Return the preprocessing as JSON values of the current version."""
    values: dict[str, Any] = _ADAPTER.dump_python(preprocessing, mode="json")
    return values


def upgrade_preprocessing(values: JsonObject, version: int) -> JsonObject:
    """Return stored preprocessing as JSON values of the current version.

    Raises LaterVersionError.
    """
    for upgrade in upgrades_from("preprocessing", version):
        values = upgrade.preprocessing(values)
    return values


def read_preprocessing(values: JsonObject, version: int) -> Preprocessing:
    """Return stored preprocessing. Raises LaterVersionError."""
    return _ADAPTER.validate_python(upgrade_preprocessing(values, version))
