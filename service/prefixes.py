"""The table of URL prefixes: the shape of their errors and their middlewares."""

from starlette.middleware import Middleware
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT

from service.http.bodies import RESUMABLE_PATH, BodyLimit
from service.http.hosts import HostCheck
from service.http.origins import OriginCheck
from service.http.prefixes import ROOT, Prefix, Prefixes
from service.http.renderers import render_inference_error, render_problem
from service.http.response_headers import ResponseHeaders
from service.page.headers import PAGE_HEADERS
from service.page.reference import REFERENCE_HEADERS
from service.uploads.tus import TusProtocol
from store.settings import Settings


def declare_prefixes(settings: Settings) -> Prefixes:
    """Return the prefixes of the API; of those that match a path, the longest one applies."""
    body_limit = Middleware(
        BodyLimit,
        max_body_bytes=settings.max_body_bytes,
        max_upload_bytes=settings.max_upload_bytes,
    )
    # Health checks and metrics reach the service by addresses that it does not know.
    checks = [
        Middleware(HostCheck, allowed=settings.allowed_hosts),
        Middleware(OriginCheck, allowed=settings.allowed_origins),
    ]
    page_headers = Middleware(ResponseHeaders, headers=PAGE_HEADERS)
    reference_headers = Middleware(ResponseHeaders, headers=REFERENCE_HEADERS)
    return Prefixes(
        # paths, renderer of errors, middlewares from the outermost to the innermost
        Prefix(
            [RESUMABLE_PATH],
            render_problem,
            [*checks, Middleware(TusProtocol), body_limit],
            read_ahead_bytes=HIGH_WATER_LIMIT,
        ),
        Prefix(["/v1"], render_problem, [*checks, body_limit]),
        Prefix(["/v2"], render_inference_error, [*checks, body_limit]),
        Prefix(["/healthz", "/readyz"], render_problem),
        Prefix(["/openapi.json"], render_problem, checks),
        Prefix(["/docs", "/static-offline-docs"], render_problem, [reference_headers, *checks]),
        Prefix(["/static"], render_problem, [page_headers, *checks]),
        # The page; unknown paths are answered with 404.
        Prefix([ROOT], render_problem, [page_headers, *checks, body_limit]),
    )
