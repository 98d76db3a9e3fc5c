"""The origin of a request: pages of other origins cannot change anything.

A browser sends some requests of a page to any server without asking it first: forms, and requests
with a body of text or none. It states where they come from, which other clients do not.
"""

from collections.abc import Collection
from http import HTTPStatus
from typing import NamedTuple

from starlette.types import ASGIApp, Receive, Scope, Send

from service.http.hosts import quote, split_host, stated_hosts
from service.http.prefixes import error_response
from service.http.renderers import ErrorDetails
from service.schemas.common import FieldProblem

SETTING = "BACKPROPD_ALLOWED_ORIGINS"
SAFE_METHODS = {"GET", "HEAD", "OPTIONS", "TRACE"}
# "none" is a request of the browser's user, without a page.
OWN_SITES = {"same-origin", "none"}
PORTS = {"http": 80, "https": 443}


class Origin(NamedTuple):
    """Scheme, host and port of a page, all of which must be equal."""

    scheme: str
    host: str
    port: int


class OriginCheck:
    """ASGI middleware: refuse changes that pages of other origins send, with 403.

    Own is the origin with the scheme, host and port of the request, as a trusted proxy has received
    it. Requests without Origin and Sec-Fetch-Site pass: they are not sent by a page.

    Args:
        app: the application.
        allowed: origins whose pages may send changes, too.
    """

    def __init__(self, app: ASGIApp, allowed: Collection[str]) -> None:
        self.app = app
        self._allowed = {parse_origin(origin) for origin in allowed} - {None}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Call the application, or refuse the request."""
        error = None if scope["method"] in SAFE_METHODS else self._find_error(scope)
        app = self.app if error is None else error_response(scope, error)
        await app(scope, receive, send)

    def _find_error(self, scope: Scope) -> ErrorDetails | None:
        origins, sites = _values(scope, b"origin"), _values(scope, b"sec-fetch-site")
        if not origins and not sites:
            return None
        stated = [parse_origin(origin) for origin in origins]
        if len(stated) == 1 and stated[0] in self._allowed:
            return None
        if stated and (len(stated) > 1 or stated[0] not in _own_origins(scope)):
            return _error("/origin", f"a page of {quote(', '.join(origins))}")
        if not OWN_SITES.issuperset(sites):
            return _error("/sec-fetch-site", f"a {quote(', '.join(sites))} page")
        return None


def parse_origin(text: str) -> Origin | None:
    """Return the parts of `scheme://host[:port]`; None for `null` and what no web page has."""
    scheme, _, rest = text.partition("://")
    host = split_host(rest)
    scheme = scheme.lower()
    if host is None or scheme not in PORTS:
        return None
    return Origin(scheme, host[0], PORTS[scheme] if host[1] is None else host[1])


def _own_origins(scope: Scope) -> set[Origin]:
    stated = (f"{scope['scheme']}://{host}" for host in stated_hosts(scope))
    return {origin for text in stated if (origin := parse_origin(text)) is not None}


def _values(scope: Scope, header: bytes) -> list[str]:
    return [value.decode("latin-1") for name, value in scope["headers"] if name == header]


def _error(pointer: str, sender: str) -> ErrorDetails:
    code = "origin_not_allowed"
    detail = f"{sender} may not send changes to this service; {SETTING} allows other origins"
    problem = FieldProblem(location="header", pointer=pointer, code=code, detail=detail)
    return ErrorDetails(HTTPStatus.FORBIDDEN, code, detail, [problem])
