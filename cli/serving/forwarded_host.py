"""Headers of trusted proxies."""

from typing import cast

from uvicorn._types import ASGIReceiveCallable, ASGISendCallable, HTTPScope, Scope
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from service.http.hosts import FORWARDED_HOST


class ForwardedHeaders(ProxyHeadersMiddleware):
    """uvicorn's middleware for X-Forwarded-For and -Proto, which also records X-Forwarded-Host.

    The Host header itself is left as it is: it must be an allowed one, too. Any program on this
    machine is a trusted proxy by default, and a page could choose a header that replaces it.
    """

    async def __call__(
        self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> None:
        """Record the headers of a trusted proxy in the scope, and call the application."""
        if scope["type"] == "http":
            self._record_host(scope)
        await super().__call__(scope, receive, send)

    def _record_host(self, scope: HTTPScope) -> None:
        for name, value in scope["headers"]:
            if name == b"x-forwarded-host":
                client = scope["client"]
                if client is not None and client[0] in self.trusted_hosts:
                    # A proxy behind another one appends its own.
                    first = value.decode("latin-1").partition(",")[0].strip()
                    cast("dict[str, object]", scope["state"])[FORWARDED_HOST] = first
                return
