"""Requests for foreign hosts and from pages of other origins neither read nor change anything."""

import json
import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, cast
from urllib.parse import urljoin, urlsplit

import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from fastapi.testclient import TestClient

from service.app import create_app
from store.db.migrate import upgrade
from store.settings import load_settings
from tests.schema import make_schema
from tests.servers import serving

CSV = "width,kind\n1,a\n2,b\n"
EVIL = "rebind.evil.example"
ALLOWED = "models.example.com"
APP_ORIGIN = "https://app.example.com"
SAFE = {"GET", "HEAD", "OPTIONS"}
HEALTH = {"/healthz", "/readyz"}


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    settings = load_settings(data_dir=tmp_path_factory.mktemp("hosts"))
    make_schema(settings.database_url)
    with TestClient(create_app(settings), follow_redirects=False) as client:
        yield client


@pytest.fixture(scope="module")
def dataset(client: TestClient) -> str:
    answer = client.post("/v1/datasets", content=CSV, headers={"Content-Type": "text/csv"})
    assert answer.status_code == 201
    return str(answer.json()["id"])


def all_routes(client: TestClient) -> list[tuple[str, str]]:
    """Return method and path of every route."""
    routes = iter_route_contexts(cast("FastAPI", client.app).routes)
    return [(method, str(route.path)) for route in routes for method in sorted(route.methods or ())]


def check_error(answer: Any, path: str, status: int, *texts: str) -> None:
    """Check that an error has the shape of its prefix and contains the texts."""
    assert answer.status_code == status, f"{path}: {answer.text}"
    is_inference = path.startswith("/v2")
    media_type = "application/json" if is_inference else "application/problem+json"
    assert answer.headers["content-type"] == media_type
    # An answer to HEAD has no body.
    if answer.request.method != "HEAD":
        assert all(text in answer.json()["error" if is_inference else "detail"] for text in texts)


def test_no_route_answers_a_foreign_host(client: TestClient) -> None:
    routes = [(method, path) for method, path in all_routes(client) if path not in HEALTH]
    assert ("POST", "/v1/jobs/{job_id}/cancel") in routes
    assert ("GET", "/v1/datasets/{dataset_id}/rows") in routes
    for method, path in [*routes, ("GET", "/nothing"), ("GET", "/static-offline-docs/favicon.png")]:
        answer = client.request(method, path, headers={"Host": f"{EVIL}:8000"})
        check_error(answer, path, 421, EVIL, "BACKPROPD_ALLOWED_HOSTS")


def test_refusal_names_the_header(client: TestClient) -> None:
    found = client.get("/v1/jobs", headers={"Host": EVIL}).json()
    assert (found["code"], found["title"]) == ("host_not_allowed", "Misdirected Request")
    assert [(one["location"], one["pointer"]) for one in found["errors"]] == [("header", "/host")]


@pytest.mark.parametrize("path", sorted(HEALTH))
def test_health_checks_reach_the_service_by_any_address(client: TestClient, path: str) -> None:
    assert client.get(path, headers={"Host": "10.1.2.3:8000"}).status_code in {200, 503}


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost", 200),
        ("LocalHost.:8000", 200),
        ("127.0.0.1", 200),
        ("127.1.2.3:65535", 200),
        ("[::1]:8000", 200),
        ("[::ffff:127.0.0.1]", 200),
        ("testserver", 200),  # the address that this client connects to
        ("localhost.evil.example", 421),
        ("evil.localhost", 421),
        ("127.0.0.1.evil.example", 421),
        ("10.0.0.1", 421),
        ("0.0.0.0", 421),
        ("[::2]", 421),
        ("127.1", 421),
        ("2130706433", 421),
        ("", 400),
        ("localhost:port", 400),
        ("localhost:8000:8000", 400),
        ("user@localhost", 400),
        ("localhost/", 400),
        ("localhost, localhost", 400),
        ("[localhost]", 400),
        ("[::1", 400),
        ("x" * 100_000, 421),
    ],
)
def test_hosts(client: TestClient, host: str, status: int) -> None:
    answer = client.get("/v1/jobs", headers={"Host": host})
    assert answer.status_code == status
    assert len(answer.content) < 2_000


OWN = "http://testserver"
SENDERS: list[tuple[dict[str, str], int]] = [
    ({}, 201),
    ({"Origin": OWN}, 201),
    ({"Origin": f"{OWN}:80", "Sec-Fetch-Site": "same-origin"}, 201),
    ({"Sec-Fetch-Site": "none"}, 201),
    ({"Origin": "null"}, 403),
    ({"Origin": ""}, 403),
    ({"Origin": "https://testserver"}, 403),
    ({"Origin": f"{OWN}:8000"}, 403),
    ({"Origin": f"{OWN}.evil.example"}, 403),
    ({"Origin": f"http://{EVIL}"}, 403),
    ({"Origin": f"{OWN}, {OWN}"}, 403),
    ({"Origin": "file://"}, 403),
    ({"Origin": f"http://{EVIL}", "Sec-Fetch-Site": "same-origin"}, 403),
    ({"Origin": OWN, "Sec-Fetch-Site": "cross-site"}, 403),
    ({"Sec-Fetch-Site": "same-site"}, 403),
    ({"Sec-Fetch-Site": "cross-site"}, 403),
    ({"Sec-Fetch-Site": "something-new"}, 403),
]


@pytest.mark.parametrize(("headers", "status"), SENDERS)
@pytest.mark.parametrize("is_form", [False, True], ids=["body", "multipart"])
def test_senders_of_an_upload(
    client: TestClient, headers: dict[str, str], status: int, is_form: bool
) -> None:
    before = count_datasets(client)
    body: dict[str, Any] = {"files": {"file": ("a.csv", CSV, "text/csv")}}
    if not is_form:
        body, headers = {"content": CSV}, {**headers, "Content-Type": "text/csv"}
    answer = client.post("/v1/datasets", headers=headers, **body)
    if status == 403:
        check_error(answer, "/v1/datasets", 403, "BACKPROPD_ALLOWED_ORIGINS")
        (error,) = answer.json()["errors"]
        assert (error["location"], error["code"]) == ("header", "origin_not_allowed")
    assert answer.status_code == status
    assert count_datasets(client) == before + (status == 201)


def count_datasets(client: TestClient) -> int:
    return len(client.get("/v1/datasets?limit=200").json()["data"])


@pytest.mark.parametrize("headers", [{"Origin": "null"}, {"Sec-Fetch-Site": "same-site"}])
def test_no_route_takes_changes_from_another_page(
    client: TestClient, dataset: str, headers: dict[str, str]
) -> None:
    changing = [route for route in all_routes(client) if route[0] not in SAFE]
    assert ("POST", "/v1/jobs/{job_id}/pause") in changing
    assert ("PATCH", "/v1/uploads/{upload_id}") in changing
    assert ("POST", "/v2/models/{model_name}/infer") in changing
    for method, path in changing:
        found = path.replace("{dataset_id}", dataset)
        answer = client.request(method, found, headers=headers)
        check_error(answer, path, 403, "BACKPROPD_ALLOWED_ORIGINS")
    assert client.get(f"/v1/datasets/{dataset}").status_code == 200


def test_another_page_may_send_reads_which_its_browser_keeps_from_it(client: TestClient) -> None:
    headers = {"Origin": f"http://{EVIL}", "Sec-Fetch-Site": "cross-site"}
    answer = client.get("/v1/jobs", headers=headers)
    assert answer.status_code == 200
    assert not [name for name in answer.headers if name.startswith("access-control-")]
    preflight = client.options(
        "/v1/jobs", headers={**headers, "Access-Control-Request-Method": "POST"}
    )
    assert not [name for name in preflight.headers if name.startswith("access-control-")]


@pytest.mark.parametrize("path", ["/v1/jobs", "/v1/datasets", "/v2/health/live", "/docs"])
def test_redirects_contain_no_host(client: TestClient, path: str) -> None:
    answer = client.get(f"{path}/?limit=3", headers={"Host": "localhost:1"})
    assert answer.status_code == 307
    location = answer.headers["location"]
    assert urlsplit(location)[:2] == ("", "")
    # Also below a prefix that a proxy strips.
    assert urljoin(f"http://x/prefix{path}/?limit=3", location) == f"http://x/prefix{path}?limit=3"


@pytest.mark.parametrize("path", ["//evil.example/", "/v1/jobs//", "/v1/nothing/", "/v1/jobs%2F"])
def test_unknown_paths_are_not_redirected(client: TestClient, path: str) -> None:
    assert client.get(f"http://localhost{path}").status_code == 404


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, int]]:
    """The address of a real server that clients also reach as ALLOWED, through a proxy."""
    folder = tmp_path_factory.mktemp("server")
    for name in ("messages", "control"):
        (folder / "queue" / name).mkdir(parents=True)
    settings = load_settings(
        data_dir=folder,
        broker_url=f"filesystem://{folder / 'queue'}",
        allowed_hosts=f"{ALLOWED}, other",
        allowed_origins=APP_ORIGIN,
    )
    upgrade(settings.database_url)
    with serving(settings, folder / "log") as url:
        found = urlsplit(url)
        yield str(found.hostname), int(found.port or 0)


def status_of(server: tuple[str, int], *lines: str, body: str = "") -> int:
    """Send a request and return the status of the answer, which must be complete."""
    head = [*lines, f"Content-Length: {len(body)}", "Connection: close", "", body]
    with closing(socket.create_connection(server, timeout=60)) as client:
        client.sendall("\r\n".join(head).encode())
        received = b""
        while piece := client.recv(65_536):
            received += piece
    answer = received.partition(b"\r\n\r\n")
    if not received.startswith(b"HTTP/1.1 20"):
        assert json.loads(answer[2])["code"]
    return int(received.split()[1])


@pytest.mark.parametrize(
    ("lines", "status"),
    [
        ((), 400),
        (("Host: localhost", "Host: localhost"), 400),
        (("Host: localhost", f"Host: {EVIL}"), 400),
        (("Host:",), 400),
        (("Host: localhost",), 200),
        (("Host: 127.0.0.1",), 200),
        ((f"Host: {ALLOWED.upper()}:443",), 200),
        (("Host: other",), 200),
        ((f"Host: {EVIL}",), 421),
        # This client is a trusted proxy; its Host counts nevertheless, and the one that it names.
        ((f"Host: {EVIL}", "X-Forwarded-Host: localhost"), 421),
        (("Host: localhost", f"X-Forwarded-Host: {EVIL}"), 421),
        (("Host: localhost", f"X-Forwarded-Host: {ALLOWED}, inner"), 200),
    ],
)
def test_hosts_on_a_real_connection(
    server: tuple[str, int], lines: tuple[str, ...], status: int
) -> None:
    assert status_of(server, "GET /v1/jobs HTTP/1.1", *lines) == status
    assert status_of(server, "GET /healthz HTTP/1.1", *lines) == 200


def test_host_of_a_whole_url_takes_precedence(server: tuple[str, int]) -> None:
    for host, status in ((EVIL, 421), ("localhost", 200)):
        lines = (f"GET http://{host}:80/v1/jobs HTTP/1.1", "Host: localhost")
        assert status_of(server, *lines) == status


@pytest.mark.parametrize(
    ("lines", "status"),
    [
        (("Host: localhost:1", "Origin: http://localhost:1"), 201),
        (("Host: localhost:1", "Origin: http://localhost:2"), 403),
        (("Host: localhost:1", "Origin: https://localhost:1"), 403),
        (("Host: localhost", "Origin: http://localhost", "X-Forwarded-Proto: https"), 403),
        ((f"Host: {ALLOWED}", f"Origin: https://{ALLOWED}", "X-Forwarded-Proto: https"), 201),
        ((f"Host: {ALLOWED}", f"Origin: https://{ALLOWED}"), 403),
        (
            (
                "Host: 127.0.0.1:8000",
                f"X-Forwarded-Host: {ALLOWED}:8443",
                "X-Forwarded-Proto: https",
                f"Origin: https://{ALLOWED}:8443",
                "Sec-Fetch-Site: same-origin",
            ),
            201,
        ),
        (("Host: localhost", f"Origin: {APP_ORIGIN}", "Sec-Fetch-Site: cross-site"), 201),
        (("Host: localhost", f"Origin: {APP_ORIGIN}:444", "Sec-Fetch-Site: cross-site"), 403),
        (("Host: localhost", f"Origin: {APP_ORIGIN}", f"Origin: http://{EVIL}"), 403),
    ],
)
def test_origin_is_compared_with_what_a_trusted_proxy_reports(
    server: tuple[str, int], lines: tuple[str, ...], status: int
) -> None:
    start = "POST /v1/datasets HTTP/1.1"
    assert status_of(server, start, *lines, "Content-Type: text/csv", body=CSV) == status


def test_settings_are_checked(tmp_path: Path) -> None:
    good = load_settings(
        data_dir=tmp_path,
        allowed_hosts="*, a.b, 10.0.0.1, ::1, [::1]",
        allowed_origins="http://a:1",
    )
    assert len(good.allowed_hosts) == 5
    for host in ("http://a", "a:80", "a/b", "a b"):
        with pytest.raises(ValueError, match="without scheme and port"):
            load_settings(data_dir=tmp_path, allowed_hosts=host)
    for origin in ("a.example", "null", "*", "https://a/", "ftp://a"):
        with pytest.raises(ValueError, match="without a path"):
            load_settings(data_dir=tmp_path, allowed_origins=origin)
