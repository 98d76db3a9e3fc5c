"""Errors per URL prefix: every producer of an error, under two prefixes of different shapes."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import anyio
import pytest
from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.responses import JSONResponse
from fastapi.testclient import TestClient
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from engine.errors import SpecError, SpecProblem
from service.http.bodies import BodyLimit
from service.http.errors import InvalidRowsError, NotReadyError
from service.http.json_bodies import JsonRoute
from service.http.prefixes import Prefix, Prefixes, use_prefixes
from service.http.problems import add_error_handlers
from service.http.renderers import ErrorDetails, render_problem
from service.schemas.common import Body, FieldProblem
from service.uploads.tus import TusProtocol
from store.errors import NotFoundError, StoreUnavailableError
from store.settings import load_settings

LIMIT = 100
CHUNKS = [bytes(LIMIT)] * 2
JSON = {"Content-Type": "application/json"}


def render_text(error: ErrorDetails) -> Response:
    return JSONResponse({"error": error.detail}, error.status, headers=error.headers)


class Broken:
    """ASGI middleware that fails."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        raise RuntimeError("a secret")


class Thing(Body):
    size: int


ERRORS: dict[str, tuple[Exception, int]] = {
    "spec": (SpecError([SpecProblem("/target", "missing", "is missing")]), 422),
    "rows": (InvalidRowsError([FieldProblem(pointer="/rows", code="x", detail="bad")]), 422),
    "store": (NotFoundError("thing", "1"), 404),
    "away": (StoreUnavailableError("postgresql://user@host"), 503),
    "not-ready": (NotReadyError("broker: none"), 503),
    "bug": (RuntimeError("a secret"), 500),
    **{
        str(status): (HTTPException(status), status)
        for status in (400, 401, 403, 408, 409, 415, 421, 429, 500, 503)
    },
}


def make_router(prefix: str) -> APIRouter:
    router = APIRouter(prefix=prefix, route_class=JsonRoute)

    @router.post("/things")
    def post_thing(body: Thing) -> None:
        raise AssertionError(body)

    @router.get("/things")
    def list_things(limit: int) -> int:
        return limit

    @router.post("/stream")
    async def read(request: Request) -> int:
        return sum([len(piece) async for piece in request.stream()])

    @router.get("/raise/{name}")
    def fail(name: str) -> None:
        raise ERRORS[name][0]

    return router


def make_prefix(path: str, render: Any) -> Iterator[Prefix]:
    limit = Middleware(BodyLimit, max_body_bytes=LIMIT, max_upload_bytes=LIMIT)
    yield Prefix([path], render, [limit])
    yield Prefix([f"{path}/uploads"], render, [Middleware(TusProtocol), limit])
    yield Prefix([f"{path}/broken"], render, [limit, Middleware(Broken)])


@pytest.fixture(scope="module")
def client() -> TestClient:
    app = FastAPI()
    app.state.context = SimpleNamespace(settings=load_settings())
    use_prefixes(
        app,
        Prefixes(
            *make_prefix("/v1", render_problem),
            *make_prefix("/v2", render_text),
            Prefix(["/"], render_problem),
        ),
    )
    add_error_handlers(app)
    app.include_router(make_router("/v1"))
    app.include_router(make_router("/v2"))
    return TestClient(app, raise_server_exceptions=False)


@dataclass(frozen=True)
class Case:
    name: str
    status: int
    method: str
    path: str
    options: dict[str, Any] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)


CASES = [
    Case("unknown route", 404, "GET", "/nothing"),
    Case("unknown route below a route", 404, "GET", "/things/x/y"),
    Case("wrong method", 405, "DELETE", "/things", headers={"allow": "GET, POST"}),
    Case("stated length over the limit", 413, "POST", "/stream", {"content": bytes(LIMIT + 1)}),
    Case("chunks over the limit", 413, "POST", "/stream", {"content": CHUNKS}),
    Case("JSON over the limit", 413, "POST", "/things", {"json": {"size": "x" * LIMIT}}),
    Case("wrong media type", 415, "POST", "/things", {"content": "x"}),
    Case("malformed JSON", 422, "POST", "/things", {"content": "{", "headers": JSON}),
    Case("invalid body", 422, "POST", "/things", {"json": {"size": "x"}}),
    Case("invalid query", 422, "GET", "/things?limit=x"),
    Case("refused by a middleware", 412, "POST", "/uploads", headers={"tus-version": "1.0.0"}),
    Case("failing middleware", 500, "GET", "/broken"),
    *(Case(name, status, "GET", f"/raise/{name}") for name, (_, status) in ERRORS.items()),
]


def check_shape(prefix: str, answer: Any, status: int) -> None:
    """Check that a response has the form of its prefix, and only that."""
    assert answer.status_code == status, answer.text
    found = answer.json()
    if prefix == "/v2":
        assert answer.headers["content-type"] == "application/json"
        assert list(found) == ["error"]
        assert found["error"]
        assert isinstance(found["error"], str)
    else:
        assert answer.headers["content-type"] == "application/problem+json"
        assert {"type", "title", "status", "detail", "code"} <= set(found)
        assert found["status"] == status
        assert found["detail"]
    assert "secret" not in answer.text
    assert "postgresql" not in answer.text


@pytest.mark.parametrize("prefix", ["/v1", "/v2"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_error_has_the_shape_of_its_prefix(
    client: TestClient, prefix: str, case: Case
) -> None:
    answer = client.request(case.method, prefix + case.path, **case.options)
    check_shape(prefix, answer, case.status)
    assert {name: answer.headers[name] for name in case.headers} == case.headers


@pytest.mark.parametrize("path", ["/", "/v3", "/v20/things", "/other/v2", "//v2", "/V2"])
def test_path_without_a_prefix_of_its_own_is_a_problem(client: TestClient, path: str) -> None:
    check_shape("/", client.get(path), 404)


@pytest.mark.parametrize("prefix", ["/v1", "/v2"])
def test_disconnect_has_the_shape_of_its_prefix(client: TestClient, prefix: str) -> None:
    sent: list[Message] = []
    scope = {"type": "http", "method": "POST", "path": f"{prefix}/stream", "query_string": b""}

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    anyio.run(client.app, scope | {"headers": [], "http_version": "1.1"}, receive, send)
    start, body = sent
    shape = b'{"error":' if prefix == "/v2" else b'{"type":'
    assert start["status"] == 400
    assert body["body"].startswith(shape)


def test_response_to_an_unavailable_store_says_when_to_retry(client: TestClient) -> None:
    for prefix in ("/v1", "/v2"):
        assert client.get(f"{prefix}/raise/away").headers["retry-after"] == "5"


def test_longest_prefix_applies() -> None:
    names = ("/", "/v1", "/v1/uploads")
    one, two, three = (Prefix([name], render_problem) for name in names)
    prefixes = Prefixes(one, two, three)
    found = {
        path: prefixes.find(path)
        for path in ("", "*", "/", "/v1", "/v1/", "/v10", "/v1/uploads", "/v1/uploads/x", "/v1/up")
    }
    assert [path for path, prefix in found.items() if prefix is three] == [
        "/v1/uploads",
        "/v1/uploads/x",
    ]
    assert [path for path, prefix in found.items() if prefix is two] == ["/v1", "/v1/", "/v1/up"]


@pytest.mark.parametrize("paths", [["/v1"], ["/", "/v1", "/v1"]])
def test_table_with_a_gap_or_a_repetition_is_refused(paths: list[str]) -> None:
    with pytest.raises(ValueError, match="prefix"):
        Prefixes(*(Prefix([path], render_problem) for path in paths))
