"""Answers as JSON."""

import orjson


def to_json(answer: object) -> bytes:
    """Return a dataclass, with those in it, as JSON; numbers that are not finite are null."""
    return orjson.dumps(answer, option=orjson.OPT_SERIALIZE_NUMPY)
