"""Columns of datasets as stored: their kinds and statistics."""

from engine.stored.versions import JsonObject, upgrades_from


def upgrade_column(values: JsonObject, version: int) -> JsonObject:
    """Return a stored column as JSON values of the current version. Raises LaterVersionError."""
    for upgrade in upgrades_from("column", version):
        values = upgrade.column(values)
    return values
