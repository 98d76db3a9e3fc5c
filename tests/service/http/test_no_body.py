"""Routes without a body refuse one, over the table of routes."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from service.app import create_app
from service.http.api_route import ApiRoute
from service.http.bodies import SMALL_BODY_BYTES
from service.http.no_body import takes_body
from store.settings import load_settings
from tests.schema import make_schema

# The tus version, without which uploads are 412.
TUS = {"Tus-Resumable": "1.0.0"}
JSON = {"Content-Type": "application/json", **TUS}


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    folder: Path = tmp_path_factory.mktemp("no_body")
    settings = load_settings(data_dir=folder)
    make_schema(settings.database_url)
    with TestClient(create_app(settings)) as client:
        yield client


def list_bare(client: TestClient) -> list[tuple[str, str]]:
    """Return method and path of every route that has no body."""
    app = client.app
    assert isinstance(app, FastAPI)
    routes = [one for one in app.routes if isinstance(one, ApiRoute) and not takes_body(one)]
    return [(method, route.path) for route in routes for method in sorted(route.methods or ())]


def test_what_a_route_has_as_a_body_is_described(client: TestClient) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    bare = list_bare(client)
    assert ("POST", "/v1/jobs/{job_id}/cancel") in bare
    assert ("GET", "/v1/jobs") in bare
    assert ("DELETE", "/v1/datasets/{dataset_id}") in bare
    assert len(bare) > 40
    for method, path in bare:
        assert "requestBody" not in paths.get(path, {}).get(method.lower(), {}), path
    assert ("POST", "/v1/datasets") not in bare
    assert ("POST", "/v1/models") not in bare


def test_a_body_is_refused(client: TestClient) -> None:
    for method, path in list_bare(client):
        for body in (b'{"a": 1}', b"a=1", b"[]"):
            answer = client.request(method, path, content=body, headers=JSON)
            place = f"{method} {path}: {answer.text}"
            assert answer.status_code == 422, place
            assert method == "HEAD" or "send none, or {}" in answer.text, place


def test_a_large_body_is_refused_before_it_is_read(client: TestClient) -> None:
    chunk = b" " * 2**16
    for method, path in list_bare(client):
        sent = 0

        def send() -> Iterator[bytes]:
            nonlocal sent
            while sent <= 4 * SMALL_BODY_BYTES:
                sent += len(chunk)
                yield chunk

        for content in (b" " * (SMALL_BODY_BYTES + 1), send()):
            answer = client.request(method, path, content=content, headers=JSON)
            assert answer.status_code == 413, f"{method} {path}: {answer.text}"


def test_an_empty_object_is_no_body(client: TestClient) -> None:
    for method, path in list_bare(client):
        plain = client.request(method, path, headers=TUS)
        for body in (b"{}", b" {\n} ", b"  ", iter((b"{", b"}"))):
            answer = client.request(method, path, content=body, headers=JSON)
            assert answer.status_code == plain.status_code, f"{method} {path}: {answer.text}"
