"""URL prefixes: each has one renderer of errors and one chain of middlewares.

`service/prefixes.py` is the table of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import FastAPI
from fastapi.responses import Response
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Receive, Scope, Send

from service.http.renderers import ErrorDetails, ErrorRenderer

ROOT = "/"
# Each stop and restart of reading takes a round of the event loop: two hundred of them for 14 MB
# with the 64 KiB of uvicorn.
READ_AHEAD_BYTES = 2**20


@dataclass(frozen=True, eq=False)
class Prefix:
    """The rules of every path below one or several prefixes.

    Attributes:
        paths: `/v1` stands for `/v1` and all paths that begin with `/v1/`, but not for `/v10`.
        render_error: renderer of all errors of these paths.
        middlewares: the chain around the routes, outermost first.
        read_ahead_bytes: bytes of a body that are received ahead of the application, at least
            uvicorn's 64 KiB. They are lost if the client disconnects.
    """

    paths: Sequence[str]
    render_error: ErrorRenderer
    middlewares: Sequence[Middleware] = ()
    read_ahead_bytes: int = READ_AHEAD_BYTES


class Prefixes:
    """The table of prefixes. The longest one that matches a path applies, and no other."""

    def __init__(self, *prefixes: Prefix) -> None:
        by_path = {path: prefix for prefix in prefixes for path in prefix.paths}
        if len(by_path) < sum(len(prefix.paths) for prefix in prefixes):
            msg = "a path belongs to two prefixes"
            raise ValueError(msg)
        if ROOT not in by_path:
            msg = f"no prefix is declared for {ROOT}, the paths that no other prefix covers"
            raise ValueError(msg)
        self._all = prefixes
        self._root = by_path.pop(ROOT)
        longest_first = sorted(by_path.items(), key=lambda entry: len(entry[0]), reverse=True)
        self._by_length = [(path, f"{path}/", prefix) for path, prefix in longest_first]

    def find(self, path: str) -> Prefix:
        """Return the prefix that applies to a path."""
        for exact, start, prefix in self._by_length:
            if path.startswith(start) or path == exact:
                return prefix
        return self._root

    def wrap(self, app: ASGIApp) -> dict[Prefix, ASGIApp]:
        """Return the application inside the chain of middlewares of each prefix."""
        return {prefix: _wrap(app, prefix.middlewares) for prefix in self._all}


def _wrap(app: ASGIApp, middlewares: Sequence[Middleware]) -> ASGIApp:
    for middleware, arguments, options in reversed(middlewares):
        app = middleware(app, *arguments, **options)
    return app


class PrefixChains:
    """ASGI middleware: pass each request through the chain of its prefix."""

    def __init__(self, app: ASGIApp, prefixes: Prefixes) -> None:
        self._app = app
        self._prefixes = prefixes
        self._chains = prefixes.wrap(app)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Call the chain of the request's path."""
        is_request = scope["type"] == "http"
        app = self._chains[self._prefixes.find(scope["path"])] if is_request else self._app
        await app(scope, receive, send)


def use_prefixes(app: FastAPI, prefixes: Prefixes) -> None:
    """Apply the prefixes to an application. Its only middleware is the one added here."""
    app.state.prefixes = prefixes
    app.add_middleware(PrefixChains, prefixes=prefixes)


def error_response(scope: Scope, error: ErrorDetails) -> Response:
    """Return the response to a failed request, in the shape that its prefix has."""
    prefixes: Prefixes = scope["app"].state.prefixes
    return prefixes.find(scope["path"]).render_error(error)
