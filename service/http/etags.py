"""Entity tags for conditional requests."""

import re

ANY_TAG = "*"
_TAG = re.compile(r'(?:W/)?("[^"]*")')


def job_etag(event_id: int) -> str:
    """Return the tag of a job with this newest event. Weak: it identifies the job's version."""
    return f'W/"{event_id}"'


def names_tag(if_none_match: str | None, tag: str) -> bool:
    """Whether an If-None-Match header names the tag, compared weakly (RFC 9110, 8.8.3.2)."""
    if if_none_match is None:
        return False
    if if_none_match.strip() == ANY_TAG:
        return True
    return tag.removeprefix("W/") in _TAG.findall(if_none_match)
