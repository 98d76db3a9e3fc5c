"""Entity tags: a client that names the state it knows is told only whether it still is."""

import re

ANY_TAG = "*"
_TAG = re.compile(r'(?:W/)?("[^"]*")')


def job_etag(event_id: int) -> str:
    """The tag of a job whose newest event is this one; weak: it is not of bytes, but of news."""
    return f'W/"{event_id}"'


def names_tag(if_none_match: str | None, tag: str) -> bool:
    """Whether an If-None-Match header names the tag, compared weakly (RFC 9110, 8.8.3.2)."""
    if if_none_match is None:
        return False
    if if_none_match.strip() == ANY_TAG:
        return True
    return tag.removeprefix("W/") in _TAG.findall(if_none_match)
