"""Errors that any request may have, added to the OpenAPI document: connections, hosts, bodies."""

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from service.http.bodies import BodyLimit
from service.http.hosts import HostCheck
from service.http.origins import SAFE_METHODS, OriginCheck
from service.http.prefixes import Prefix, Prefixes
from service.http.problems import problems
from service.http.renderers import phrase_of, render_inference_error

_INFERENCE_ERROR = {"$ref": "#/components/schemas/InferenceErrorView"}
# Of the connection: the request did not arrive in time, or the service has too many of them.
_ALWAYS = (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.SERVICE_UNAVAILABLE)


def add_common_responses(paths: dict[str, dict[str, dict[str, Any]]], prefixes: Prefixes) -> None:
    """Add to each operation the errors of its prefix's middlewares that it does not describe.

    Args:
        paths: the operations of an OpenAPI document by path and method, which are changed.
        prefixes: the table of prefixes.
    """
    for path, operations in paths.items():
        prefix = prefixes.find(path)
        for method, operation in operations.items():
            found = operation["responses"]
            for status in _statuses(prefix, method, has_body="requestBody" in operation):
                found.setdefault(f"{int(status)}", _describe(prefix, status))
            operation["responses"] = dict(sorted(found.items()))


def _statuses(prefix: Prefix, method: str, *, has_body: bool) -> Iterator[HTTPStatus]:
    yield from _ALWAYS
    # Without the types of their arguments, which differ per class.
    checks: set[object] = {middleware.cls for middleware in prefix.middlewares}
    if HostCheck in checks:
        yield HTTPStatus.MISDIRECTED_REQUEST
    if OriginCheck in checks and method.upper() not in SAFE_METHODS:
        yield HTTPStatus.FORBIDDEN
    # Without a body, the one that is sent is bounded and refused: see `http/no_body.py`.
    if BodyLimit in checks or not has_body:
        yield HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    if not has_body:
        yield HTTPStatus.UNPROCESSABLE_ENTITY


def _describe(prefix: Prefix, status: HTTPStatus) -> dict[str, Any]:
    if prefix.render_error is not render_inference_error:
        return dict(problems(status)[status])
    content = {"application/json": {"schema": _INFERENCE_ERROR}}
    return {"description": phrase_of(status), "content": content}
