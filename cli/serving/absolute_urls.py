"""Requests for a whole URL, such as `GET http://name/path HTTP/1.1`."""

import re

_AUTHORITY = re.compile(rb"[a-z][a-z0-9+.-]*://([^/?#]*)", re.IGNORECASE)


def replace_host(headers: list[tuple[bytes, bytes]], url: bytes) -> None:
    """Replace the Host header by the host of the URL, which takes precedence (RFC 9112, 3.2.2)."""
    found = _AUTHORITY.match(url)
    if found is not None:
        headers[:] = [header for header in headers if header[0] != b"host"]
        headers.append((b"host", found[1]))
