"""Ids that tell their kind and sort by age: a prefix and a UUIDv7 (RFC 9562)."""

from datetime import datetime
from typing import Literal

import uuid6

Prefix = Literal["ds", "job", "mdl", "up", "wh", "dlv"]


def new_id(prefix: Prefix) -> str:
    """A new id such as `job_0199f0a4-7b5c-7d3e-9a51-8c1f2b3d4e5f`."""
    return f"{prefix}_{uuid6.uuid7()}"


def lowest_id(prefix: Prefix, at: datetime) -> str:
    """What sorts behind all ids that were made before this time, and before those made since."""
    digits = f"{round(at.timestamp() * 1000):012x}"
    return f"{prefix}_{digits[:8]}-{digits[8:]}"
