"""The table of prefixes, and the rule that only renderers build error responses."""

import ast
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from typing import cast

import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from fastapi.testclient import TestClient

from service.http.prefixes import ROOT, PrefixChains, Prefixes

PROJECT = Path(__file__).parents[2]
RENDERERS = PROJECT / "service" / "http" / "renderers.py"
BODIES = {"JSONResponse", "PlainTextResponse", "HTMLResponse", "ORJSONResponse"}
RAW = {"http.response.start", "application/problem+json"}


def test_every_route_has_a_declared_prefix(client: TestClient) -> None:
    app = cast("FastAPI", client.app)
    prefixes: Prefixes = app.state.prefixes
    undeclared = [
        route.path
        for route in iter_route_contexts(app.routes)
        if ROOT in prefixes.find(str(route.path)).paths and route.path != ROOT
    ]
    assert undeclared == []


def test_prefixes_are_the_only_middleware(client: TestClient) -> None:
    app = cast("FastAPI", client.app)
    classes: list[object] = [middleware.cls for middleware in app.user_middleware]
    assert classes == [PrefixChains]


def find_error_responses(source: str) -> Iterator[str]:
    """Yield each construction of an error response in a module, and what could hide one."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.ImportFrom(names=names):
                yield from (name.name for name in names if name.name in BODIES)
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)):
                if name.endswith("Response") and any(map(_is_error, _arguments(node))):
                    yield name
            case ast.Dict(values=values):
                yield from (
                    value.value
                    for value in values
                    if isinstance(value, ast.Constant) and value.value in RAW
                )


def _arguments(call: ast.Call) -> list[ast.expr]:
    return [*call.args, *(keyword.value for keyword in call.keywords)]


def _is_error(node: ast.expr) -> bool:
    match node:
        case ast.Constant(value=int(status)):
            return 400 <= status < 600
        case ast.Attribute(value=ast.Name(id="HTTPStatus"), attr=name):
            return HTTPStatus[name] >= 400
        case ast.Constant(value=str(text)):
            return text in RAW
        case _:
            return False


@pytest.mark.parametrize("floor", ["service", "cli"])
def test_only_renderers_build_error_responses(floor: str) -> None:
    found = {
        path.relative_to(PROJECT).as_posix(): names
        for path in (PROJECT / floor).rglob("*.py")
        if path != RENDERERS
        and (names := list(find_error_responses(path.read_text(encoding="utf-8"))))
    }
    assert found == {}


@pytest.mark.parametrize(
    "source",
    [
        "from fastapi.responses import JSONResponse",
        "Response('', 404)",
        "responses.Response(status_code=HTTPStatus.NOT_FOUND)",
        "Response(text, media_type='application/problem+json')",
        "send({'type': 'http.response.start', 'status': 500})",
    ],
)
def test_error_response_is_found(source: str) -> None:
    assert list(find_error_responses(source)) != []


def test_renderers_are_found() -> None:
    assert list(find_error_responses(RENDERERS.read_text(encoding="utf-8"))) != []
