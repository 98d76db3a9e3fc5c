"""The page and its files over HTTP."""

import gzip
import re
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient
from starlette.types import Receive, Scope, Send

from service.page.files import shorten
from service.page.page import FOLDER, load_page
from tests.service.conftest import problem

POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data: blob:",
    "connect-src": "'self'",
    "base-uri": "'none'",
    "form-action": "'none'",
    "frame-ancestors": "'none'",
}
HASH = re.compile(r"static/([0-9a-f]{16})/app\.js")


@pytest.fixture
def root(client: TestClient) -> str:
    """The address of the page's files."""
    found = HASH.search(client.get("/").text)
    assert found
    return f"/static/{found[1]}"


def test_the_index_is_asked_for_again_and_not_sent_again(client: TestClient) -> None:
    answer = client.get("/")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["cache-control"] == "no-cache"
    again = client.get("/", headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == answer.headers["etag"]
    assert client.get("/", headers={"If-None-Match": '"other"'}).status_code == 200
    assert client.get("/?from=elsewhere").status_code == 200


def test_all_addresses_of_the_index_are_relative_and_served(client: TestClient) -> None:
    html = client.get("/").text
    addresses = re.findall(r'(?:src|href)="([^"]+)"', html)
    assert len(addresses) >= 2
    for address in addresses:
        assert not address.startswith("/")
        assert client.get(f"/{address}").status_code == 200
    assert "HASH" not in html


def test_every_file_is_served(client: TestClient, root: str) -> None:
    files = [path for path in FOLDER.rglob("*") if path.is_file()]
    assert len(files) >= 10
    for path in files:
        answer = client.get(f"{root}/{path.relative_to(FOLDER).as_posix()}")
        assert answer.status_code == 200, path
        content = path.read_bytes()
        is_shortened = path.suffix in {".css", ".js"} and "vendor" not in path.parts
        assert answer.content == (shorten(content) if is_shortened else content)
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"


@pytest.mark.parametrize(
    ("path", "media_type"),
    [
        ("app.js", "text/javascript; charset=utf-8"),
        ("vendor/uplot-1.6.32/uPlot.min.css", "text/css; charset=utf-8"),
        ("vendor/manifest.json", "application/json"),
        ("vendor/uplot-1.6.32/LICENSE", "text/plain; charset=utf-8"),
    ],
)
def test_media_types(client: TestClient, root: str, path: str, media_type: str) -> None:
    assert client.get(f"{root}/{path}").headers["content-type"] == media_type


def test_files_are_compressed_only_for_clients_that_accept_it(
    client: TestClient, root: str
) -> None:
    path = f"{root}/vendor/uplot-1.6.32/uPlot.iife.min.js"
    content = (FOLDER / "vendor/uplot-1.6.32/uPlot.iife.min.js").read_bytes()
    for accepted, coding in (("gzip, br", "gzip"), ("gzip;q=0", None), ("", None)):
        with client.stream("GET", path, headers={"Accept-Encoding": accepted}) as answer:
            raw = b"".join(answer.iter_raw())
        assert answer.headers.get("content-encoding") == coding
        assert answer.headers["vary"] == "Accept-Encoding"
        assert int(answer.headers["content-length"]) == len(raw)
        assert (gzip.decompress(raw) if coding else raw) == content


def test_head_has_the_headers_of_get(client: TestClient, root: str) -> None:
    for path in ("/", f"{root}/app.js"):
        assert client.head(path).headers == client.get(path).headers
        assert client.post(path).headers["allow"] == "GET, HEAD"


def test_a_file_of_another_version_asks_for_a_reload(client: TestClient, root: str) -> None:
    answer = client.get("/static/0123456789abcdef/app.js")
    found = problem(answer, 404)
    assert found["code"] == "page_changed"
    assert "reload" in found["detail"]
    assert answer.headers["cache-control"] == "no-store"
    assert problem(client.get(f"{root}/missing.js"), 404)["code"] == "not_found"


@pytest.mark.parametrize(
    "path", ["../app.py", "..%2fapp.py", "/etc/passwd", "vendor/../../app.py", "vendor", ""]
)
def test_no_path_leads_out_of_the_tree(client: TestClient, root: str, path: str) -> None:
    for text in (path, quote(path, safe=""), quote(quote(path, safe=""), safe="")):
        assert client.get(f"{root}/{text}").status_code == 404


def test_files_are_not_read_for_requests(
    client: TestClient, root: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.get("/")

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError

    monkeypatch.setattr("pathlib.Path.read_bytes", refuse)
    monkeypatch.setattr("builtins.open", refuse)
    assert client.get("/").status_code == client.get(f"{root}/app.js").status_code == 200


def test_every_answer_has_the_headers_of_the_page(client: TestClient, root: str) -> None:
    for path in ("/", f"{root}/app.js", f"{root}/missing.js", "/static/0/app.js", "/missing"):
        headers = client.get(path).headers
        policy = dict(
            directive.strip().split(" ", 1)
            for directive in headers["content-security-policy"].split(";")
        )
        assert policy == POLICY
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cross-origin-opener-policy"] == "same-origin"


def test_the_reference_allows_its_own_script_alone(client: TestClient) -> None:
    policy = client.get("/docs").headers["content-security-policy"]
    scripts = next(part for part in policy.split(";") if "script-src" in part).split()[1:]
    assert scripts[0] == "'self'"
    assert [script.startswith("'sha256-") for script in scripts[1:]] == [True]
    assert "frame-ancestors 'none'" in policy


def test_the_page_is_not_in_the_openapi_document(client: TestClient) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    assert not [path for path in paths if path == "/" or path.startswith(("/static", "/docs"))]


def test_the_page_works_behind_a_prefix(client: TestClient) -> None:
    app = client.app

    async def strip(scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"].removeprefix("/some/where")
        await app({**scope, "path": path, "raw_path": path.encode()}, receive, send)

    proxy = TestClient(strip)
    html = proxy.get("/some/where/").text
    for address in re.findall(r'(?:src|href)="([^"]+)"', html):
        assert proxy.get(f"/some/where/{address}").status_code == 200


def _list_preloads(html: str) -> Iterator[str]:
    for path in re.findall(r'<link rel="modulepreload" href="static/[0-9a-f]+/([^"]+)">', html):
        yield str(path)


def test_the_index_preloads_what_the_main_module_imports(client: TestClient) -> None:
    preloads = list(_list_preloads(client.get("/").text))
    assert preloads[0] == "app.js"
    assert len(preloads) == len(set(preloads))
    assert set(preloads) <= load_page().files.keys()
