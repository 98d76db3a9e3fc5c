"""Ids: a prefix for the kind, and a UUIDv7 (RFC 9562), so that ids sort by creation time."""

from datetime import datetime
from typing import Literal

import uuid6

Prefix = Literal["ds", "job", "mdl", "up", "wh", "dlv"]


def new_id(prefix: Prefix) -> str:
    """Return a new id such as `job_0199f0a4-7b5c-7d3e-9a51-8c1f2b3d4e5f`."""
    return f"{prefix}_{uuid6.uuid7()}"


def lowest_id(prefix: Prefix, at: datetime) -> str:
    """Return the lower bound of ids created at this time or later; older ids sort before it."""
    digits = f"{round(at.timestamp() * 1000):012x}"
    return f"{prefix}_{digits[:8]}-{digits[8:]}"
