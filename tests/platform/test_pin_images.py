"""References to images name a tag and, once pinned, a digest that the registry's manifest has."""

import hashlib
import json
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from deploy.images.__main__ import main, pin_files
from deploy.images.references import FILES, ROOT, find_references, parse_reference
from deploy.images.registry import RegistryError

MANIFEST = json.dumps({"schemaVersion": 2, "manifests": []}).encode()
DIGEST = f"sha256:{hashlib.sha256(MANIFEST).hexdigest()}"


def test_every_image_of_the_project_has_a_tag_and_no_malformed_digest() -> None:
    found = [one for name in FILES for one in find_references((ROOT / name).read_text())]
    assert [one.name for one in found] == ["python", "python", "postgres", "redis"]
    # Either all are pinned, by `./run pin-images`, or none is.
    assert len({one.digest is None for one in found}) == 1


@pytest.mark.parametrize(
    "text",
    [
        "python",
        "python:latest",
        "python:",
        "python@sha256:" + "0" * 64,
        "python:3.11@sha256:" + "0" * 63,
        "python:3.11@sha256:" + "g" * 64,
        "python:3.11@md5:" + "0" * 32,
        "Python:3.11",
        "python:3 .11",
    ],
)
def test_reference_that_does_not_say_which_image(text: str) -> None:
    with pytest.raises(ValueError, match="is not name:tag"):
        parse_reference(text)


@pytest.mark.parametrize(
    "text",
    ["python:3.11-slim", "ghcr.io/a/b:1", "localhost:5000/a:1", f"redis:7@sha256:{'0' * 64}"],
)
def test_reference_is_written_as_it_was_read(text: str) -> None:
    assert str(parse_reference(text)) == text


class _Registry(BaseHTTPRequestHandler):
    """A registry that asks for a token, as Docker Hub does."""

    def do_GET(self) -> None:
        host = self.headers["Host"]
        if self.path.startswith("/token?service=here&scope=repository"):
            self._answer(200, json.dumps({"token": "t"}).encode(), {})
        elif self.headers.get("Authorization") != "Bearer t":
            scope = 'scope="repository:a/base:pull"'
            challenge = f'Bearer realm="http://{host}/token",service="here",{scope}'
            self._answer(401, b"", {"WWW-Authenticate": challenge})
        elif self.path == "/v2/a/base/manifests/1":
            self._answer(200, MANIFEST, {"Docker-Content-Digest": DIGEST})
        elif self.path == "/v2/a/liar/manifests/1":
            stated = f"sha256:{'0' * 64}"
            self._answer(200, MANIFEST, {"Docker-Content-Digest": stated})
        else:
            self._answer(404, b"", {})

    def _answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Be silent."""


@contextmanager
def _registry() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Registry) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def _write(folder: Path, image: str) -> None:
    (folder / "Dockerfile").write_text(f"FROM {image} AS build\nRUN true\nFROM {image}\n")
    (folder / "docker-compose.yml").write_text(
        f"services:\n  own:\n    image: backpropd\n  other:\n    image: {image}\n    user: a\n"
    )


def test_images_are_pinned_and_pinned_again(tmp_path: Path) -> None:
    with _registry() as host:
        for before in (f"{host}/a/base:1", f"{host}/a/base:1@sha256:{'0' * 64}"):
            _write(tmp_path, before)
            (image,) = pin_files(tmp_path, "http")
            pinned = f"{host}/a/base:1@{DIGEST}"
            assert str(image) == pinned
            assert (tmp_path / "Dockerfile").read_text() == (
                f"FROM {pinned} AS build\nRUN true\nFROM {pinned}\n"
            )
            compose = (tmp_path / "docker-compose.yml").read_text()
            assert f"    image: backpropd\n  other:\n    image: {pinned}\n    user: a\n" in compose


@pytest.mark.parametrize(
    ("name", "why"), [("a/absent", "404"), ("a/liar", "the registry states sha256:0000")]
)
def test_nothing_is_written_if_a_digest_is_not_known(tmp_path: Path, name: str, why: str) -> None:
    with _registry() as host:
        _write(tmp_path, f"{host}/{name}:1")
        before = [(tmp_path / file).read_text() for file in FILES]
        with pytest.raises(RegistryError, match=why):
            pin_files(tmp_path, "http")
    assert [(tmp_path / file).read_text() for file in FILES] == before


def test_command_reports_a_registry_that_cannot_be_reached(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in FILES:
        shutil.copy(ROOT / name, tmp_path)
    monkeypatch.setattr("deploy.images.__main__.ROOT", tmp_path)
    monkeypatch.setattr("deploy.images.references.DOCKER_HUB", "127.0.0.1:1")
    monkeypatch.setattr("deploy.images.registry.DOCKER_HUB", "127.0.0.1:1")
    assert main() == 1
    assert "nothing was changed" in capsys.readouterr().err
