"""The host of a request: names that are not the service's are refused.

A page may give its own name the address of this machine (DNS rebinding). For the browser, the
service then belongs to that page, which could read and change everything.
"""

import re
from collections.abc import Collection, Sequence
from functools import lru_cache
from http import HTTPStatus
from ipaddress import IPv4Address, IPv6Address, ip_address

from starlette.types import ASGIApp, Receive, Scope, Send

from service.http.prefixes import error_response
from service.http.renderers import ErrorDetails
from service.schemas.common import FieldProblem

ANY = "*"
SETTING = "BACKPROPD_ALLOWED_HOSTS"
# Of the state of a request: X-Forwarded-Host of a trusted proxy, set by the server.
FORWARDED_HOST = "forwarded_host"
_HOST = re.compile(r"([0-9a-z._-]+|\[[0-9a-f:.]+\])(?::([0-9]{1,5}))?", re.IGNORECASE)
_MAX_CHARACTERS = 100
_CACHED = 256


class HostCheck:
    """ASGI middleware: refuse requests for other hosts than those of this service.

    Allowed are the names of loopback, the address that the connection has reached, and `allowed`.
    Any other host is answered with 421; a missing, repeated or malformed one with 400. Ports are
    not compared: a port may be forwarded from another one.

    Args:
        app: the application.
        allowed: further names and addresses; `*` allows all.
    """

    def __init__(self, app: ASGIApp, allowed: Collection[str]) -> None:
        self.app = app
        self._allowed = {_canonical(host) for host in allowed}
        self._find_error = lru_cache(_CACHED)(self._check)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Call the application, or refuse the request."""
        error = self._find_error(stated_hosts(scope), _reached_address(scope))
        app = self.app if error is None else error_response(scope, error)
        await app(scope, receive, send)

    def _check(self, hosts: Sequence[str], reached: str) -> ErrorDetails | None:
        for host in hosts:
            found = split_host(host)
            if found is None:
                return _error(HTTPStatus.BAD_REQUEST, f"{quote(host)} is not a host")
            if not self._is_allowed(found[0], reached):
                detail = f"{quote(host)} is not a host of this service; {SETTING} allows others"
                return _error(HTTPStatus.MISDIRECTED_REQUEST, detail)
        if not hosts:
            return _error(HTTPStatus.BAD_REQUEST, "the request must have one Host header")
        return None

    def _is_allowed(self, name: str, reached: str) -> bool:
        return (
            is_loopback(name)
            or name == _canonical(reached)
            or name in self._allowed
            or ANY in self._allowed
        )


def stated_hosts(scope: Scope) -> tuple[str, ...]:
    """Return the Host of a request, and the one that a trusted proxy has received.

    Empty if the request has no Host header, or several.
    """
    hosts = [value for name, value in scope["headers"] if name == b"host"]
    if len(hosts) != 1:
        return ()
    forwarded = scope.get("state", {}).get(FORWARDED_HOST)
    stated = hosts[0].decode("latin-1").strip()
    return (stated,) if forwarded is None else (stated, forwarded)


def split_host(text: str) -> tuple[str, int | None] | None:
    """Return the canonical name and the port of `name[:port]`; None if it is malformed."""
    found = _HOST.fullmatch(text)
    if found is None:
        return None
    return _canonical(found[1]), None if found[2] is None else int(found[2])


def quote(text: str) -> str:
    """Return the text of a header in quotation marks, cut where it is long."""
    return repr(text if len(text) <= _MAX_CHARACTERS else f"{text[:_MAX_CHARACTERS]}…")


def is_loopback(name: str) -> bool:
    """Return whether a canonical name or address is that of the machine itself."""
    if name == "localhost":
        return True
    address = _parse_address(name)
    return address is not None and address.is_loopback


def _canonical(host: str) -> str:
    """Return one form of an address, and a name in lower case without its final dot."""
    address = _parse_address(host)
    return host.lower().removesuffix(".") if address is None else str(address)


def _parse_address(host: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(host.removeprefix("[").removesuffix("]"))
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def _reached_address(scope: Scope) -> str:
    """Return the address of this machine that the client has connected to."""
    server = scope.get("server")
    return str(server[0]) if server else ""


def _error(status: HTTPStatus, detail: str) -> ErrorDetails:
    code = "invalid_host" if status == HTTPStatus.BAD_REQUEST else "host_not_allowed"
    problem = FieldProblem(location="header", pointer="/host", code=code, detail=detail)
    return ErrorDetails(status, code, detail, [problem])
