"""Security headers of the page and of the API reference."""

import re
from base64 import b64encode
from hashlib import sha256

_INLINE_SCRIPT = re.compile(r"<script>(.*?)</script>", re.DOTALL)
_COMMON = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
}
_NO_FRAMES_NO_FORMS = "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
# Only files of this service: no inline script or style, no other origin.
PAGE_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
        f"connect-src 'self'; {_NO_FRAMES_NO_FORMS}"
    ),
    **_COMMON,
}


def reference_headers(html: str) -> dict[str, str]:
    """Return the headers of the API reference, which has one inline script and inline styles."""
    hashes = " ".join(map(_hash_source, _INLINE_SCRIPT.findall(html)))
    policy = (
        f"default-src 'none'; script-src 'self' {hashes}; style-src 'self' 'unsafe-inline'; "
        f"img-src 'self' data:; connect-src 'self'; {_NO_FRAMES_NO_FORMS}"
    )
    return {"Content-Security-Policy": policy, **_COMMON}


def _hash_source(script: str) -> str:
    return f"'sha256-{b64encode(sha256(script.encode()).digest()).decode()}'"
