"""The application as a whole: errors, health, documentation, no exposed internals."""

import re
from typing import Any

import pytest
from fastapi.testclient import TestClient

from engine.errors import EngineError
from service.app import create_app
from service.http.compute_errors import ServiceError
from service.http.problems import STATUS
from store.errors import SchemaError, StoreError
from store.settings import Settings, load_settings
from tests.schema import make_schema
from tests.service.conftest import Upload, problem


def subclasses(base: type[Exception]) -> set[type[Exception]]:
    return {base}.union(*(subclasses(child) for child in base.__subclasses__()))


@pytest.mark.parametrize("base", [EngineError, StoreError, ServiceError])
def test_every_exception_has_its_status(base: type[Exception]) -> None:
    assert subclasses(base) <= set(STATUS)


def test_service_refuses_to_start_without_its_schema(settings: Settings) -> None:
    settings.data_dir.mkdir(exist_ok=True)
    with pytest.raises(SchemaError, match="backpropd migrate"):
        create_app(settings)


@pytest.mark.parametrize("variable", ["OTEL_SERVICE_NAME", "FASTAPI_OTEL_AUTO_CONFIGURE"])
def test_telemetry_is_active_only_where_the_environment_configures_it(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    make_schema(settings.database_url)
    for is_configured in (False, True):
        if is_configured:
            monkeypatch.setenv(variable, "false")
        config = create_app(settings)._native_telemetry.config
        assert [config[kind] for kind in ("tracing", "metrics", "logs")] == [is_configured] * 3


def test_liveness(client: TestClient) -> None:
    assert client.get("/healthz").json()["status"] == "ok"


def test_not_ready_without_a_broker(client: TestClient) -> None:
    assert problem(client.get("/readyz"), 503)["code"] == "not_ready"


def test_ready_with_a_broker(settings: Settings) -> None:
    make_schema(settings.database_url)
    settings = load_settings(**settings.model_dump() | {"broker_url": "memory://"})
    with TestClient(create_app(settings)) as client:
        ready = client.get("/readyz").json()
    assert (ready["status"], ready["database"], ready["workers"]) == ("ready", "sqlite", 0)


def test_unavailable_database_is_503_without_internals(settings: Settings) -> None:
    make_schema(settings.database_url)
    # Never started: a background task would create the file again.
    client = TestClient(create_app(settings))
    client.app.state.context.database.close()  # type: ignore[attr-defined]
    for path in settings.data_dir.glob("backpropd.sqlite3*"):
        path.unlink()
    (settings.data_dir / "backpropd.sqlite3").mkdir()
    answer = client.get("/v1/jobs")
    assert problem(answer, 503)["code"] == "database_unavailable"
    assert answer.headers["retry-after"]
    assert "sqlite" not in answer.text


def test_unknown_route_and_method_are_problems(client: TestClient) -> None:
    problem(client.get("/v1/nope"), 404)
    problem(client.put("/v1/jobs"), 405)


def error_type(path: str) -> str:
    """The content type of the errors of a path."""
    return "application/json" if path.startswith("/v2") else "application/problem+json"


def test_method_not_allowed_lists_every_method_of_the_path(client: TestClient) -> None:
    tus = {"Tus-Resumable": "1.0.0"}
    paths = client.get("/openapi.json").json()["paths"]
    for path, operations in paths.items():
        answer = client.request("PROPFIND", path, headers=tus)
        assert answer.status_code == 405
        assert answer.headers["content-type"] == error_type(path)
        allowed = answer.headers["allow"].split(", ")
        assert allowed == sorted(set(allowed))
        assert set(allowed) >= {method.upper() for method in operations}, path
    assert client.put("/v1/jobs").headers["allow"] == "GET, POST"
    assert client.post("/openapi.json").headers["allow"] == "GET, HEAD"
    assert client.post("/static-offline-docs/favicon.png").headers["allow"] == "GET, HEAD"


def test_detail_counts_the_errors_that_it_leaves_out(client: TestClient) -> None:
    wrong = dict.fromkeys("abcde", 1)
    found = problem(client.post("/v1/webhooks", json={"url": "http://a/", **wrong}), 422)
    assert [error["pointer"] for error in found["errors"]] == ["/a", "/b", "/c", "/d", "/e"]
    assert found["detail"].endswith("/c: unknown field; and 2 more")
    found = problem(client.get("/v1/jobs?limit=0&order=x&status=y"), 422)
    assert len(found["errors"]) == 3
    assert "more" not in found["detail"]


def test_detail_states_that_a_check_stopped(client: TestClient, upload: Upload) -> None:
    weights = {f"class {n}": 2.0 for n in range(40)}
    body = {"dataset_id": upload()["id"], "target": "kind", "class_weight": weights}
    found = problem(client.post("/v1/jobs", json=body), 422)
    assert len(found["errors"]) == 20
    assert found["detail"].endswith("; and at least 17 more")


def test_unexpected_error_exposes_no_internals(settings: Settings) -> None:
    make_schema(settings.database_url)
    app = create_app(settings)

    def fail() -> None:
        raise RuntimeError("a secret")

    app.add_api_route("/fail", fail)
    with TestClient(app, raise_server_exceptions=False) as client:
        answer = client.get("/fail")
    assert problem(answer, 500)["code"] == "internal"
    assert "secret" not in answer.text


def test_documentation_needs_no_other_host(client: TestClient) -> None:
    page = client.get("/docs").text
    assets = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert assets
    for asset in assets:
        assert not asset.startswith("/"), asset
        assert client.get(f"/{asset}").status_code == 200
    assert "://" not in re.sub(r"<!--.*?-->", "", page, flags=re.DOTALL)


def test_openapi_describes_every_answer_with_a_schema(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    assert "Problem" in document["components"]["schemas"]
    statuses = document["components"]["schemas"]["JobStatus"]["enum"]
    assert set(statuses) >= {"queued", "running", "succeeded", "failed", "cancelled"}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            _check_operation(f"{method} {path}", operation)


def test_openapi_describes_the_errors_of_connections_hosts_and_bodies(client: TestClient) -> None:
    for path, operations in client.get("/openapi.json").json()["paths"].items():
        is_health = path in {"/healthz", "/readyz"}
        for method, operation in operations.items():
            found = set(operation["responses"])
            place = f"{method} {path}: {sorted(found)}"
            assert found >= {"408", "413", "503"}, place
            assert ("421" in found) is not is_health, place
            assert ("403" in found) == (method not in {"get", "head", "options"}), place
            assert "requestBody" in operation or "422" in found, place


def _check_operation(name: str, operation: dict[str, Any]) -> None:
    for status, answer in operation["responses"].items():
        if status in {"204", "304"} or (name.startswith("head ") and int(status) < 400):
            continue
        assert answer.get("content"), f"{name} {status}"
        if int(status) >= 400:
            assert list(answer["content"]) == [error_type(name.split()[1])], f"{name} {status}"
