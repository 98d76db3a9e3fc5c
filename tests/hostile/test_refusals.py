"""A wrong body is refused with a short answer and little memory, whatever its size and its route.

A real process is asked, and its memory is measured.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import httpx2
import numpy as np
import pytest

from tests.hostile.bad_bodies import KINDS, make_form, make_model
from tests.hostile.routes import JSON, list_routes
from tests.service.hostile.watched import MIB, WatchedService, watched_service

MAX_ANSWER = 64 * 2**10


@dataclass(frozen=True)
class Target:
    """A service with a model.

    Attributes:
        service: the process.
        client: a client of it.
        routes: method and path of every route with a body.
    """

    service: WatchedService
    client: httpx2.Client
    routes: list[tuple[str, str]]


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    folder = tmp_path_factory.mktemp("refusals")
    with (
        watched_service(folder) as service,
        httpx2.Client(base_url=service.url, timeout=60) as client,
    ):
        zeros = {"output.weight": np.zeros((4, 3), "f4"), "output.bias": np.zeros(3, "f4")}
        content, headers = make_model(zeros)
        created = client.post("/v1/models", content=content, headers=headers)
        assert created.status_code == 201, created.text
        document = client.get("/openapi.json").json()
        routes = list(list_routes(document["paths"], created.json()["id"]))
        found = Target(service, client, routes)
        # The first request of a route loads modules, whose memory is not measured.
        for method, path in routes:
            send(found, method, path, b'{"a": [1, 2]}')
        yield found


def send(target: Target, method: str, path: str, body: bytes) -> httpx2.Response:
    headers = {"Content-Type": JSON}
    if path == "/v1/models":
        body, headers = make_form(model=body, weights=b"")
    return target.client.request(method, path, content=body, headers=headers)


def test_every_route_with_a_body_is_asked(target: Target) -> None:
    assert ("POST", "/v1/jobs") in target.routes
    assert ("POST", "/v1/models") in target.routes
    assert ("PUT", "/v1/jobs/by-external-id/job_1") in target.routes
    assert not [path for _, path in target.routes if "{" in path]
    assert len(target.routes) >= 14


def check(target: Target, kind: str, size: int) -> None:
    """Send a body of a kind to every route."""
    body = KINDS[kind].make(size)
    routes = [found for found in target.routes if KINDS[kind].fits(found[1])]
    assert routes
    for method, path in routes:
        target.service.watch.start()
        answer = send(target, method, path, body)
        spent = target.service.watch.stop()
        place = f"{method} {path}: {answer.status_code} {answer.text[:200]}"
        # Two routes accept some of these: the index of models, and the validation of jobs.
        is_refused = 400 <= answer.status_code < 500
        assert is_refused or (answer.status_code == 200 and "predict" not in path), place
        assert len(answer.content) < MAX_ANSWER, place
        assert len(answer.json().get("errors", [])) <= 20 if is_refused else True, place
        assert spent.bytes <= 16 * MIB + 10 * len(body), place


@pytest.mark.parametrize("kind", KINDS)
def test_a_wrong_body_is_refused_at_little_cost(target: Target, kind: str) -> None:
    check(target, kind, MIB // 2)


@pytest.mark.rare
@pytest.mark.parametrize("size", [MIB - 100, 15 * MIB])
@pytest.mark.parametrize("kind", KINDS)
def test_a_large_wrong_body_is_refused_at_little_cost(target: Target, kind: str, size: int) -> None:
    check(target, kind, size)
