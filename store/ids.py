"""Ids that tell their kind and sort by age: a prefix and a UUIDv7 (RFC 9562)."""

from typing import Literal

import uuid6

Prefix = Literal["ds", "job", "mdl", "up"]


def new_id(prefix: Prefix) -> str:
    """A new id such as `job_0199f0a4-7b5c-7d3e-9a51-8c1f2b3d4e5f`."""
    return f"{prefix}_{uuid6.uuid7()}"
