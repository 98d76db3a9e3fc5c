"""Processes that are killed leave nothing behind, and nothing that others can read."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from fastapi.testclient import TestClient

from service.app import create_app
from store.blobs.blobs import open_blobs
from store.settings import Settings, load_settings
from store.uploads import delete_parts
from tests.cli.service import ROOT, clean_environment, run, running
from tests.schema import make_schema

TUS = {"Tus-Resumable": "1.0.0", "Content-Type": "application/offset+octet-stream"}
# Killed by the kernel in the middle of a put: beyond the limit a write is a deadly signal.
KILLED_PUT = """
import resource, signal, sys
from pathlib import Path
from store.blobs.blobs import open_blobs
from store.settings import load_settings
signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
resource.setrlimit(resource.RLIMIT_FSIZE, (2**20, 2**20))
blobs = open_blobs(load_settings(data_dir=Path(sys.argv[1])))
blobs.put_blob(sys.argv[2], Path(sys.argv[3]))
"""


def kill_during_put(settings: Settings, key: str) -> list[Path]:
    """Kill a process while it stores a blob; return the files that it has left."""
    source = settings.data_dir / "source"
    source.parent.mkdir(exist_ok=True)
    source.write_bytes(b"x" * 2**21)
    script = [sys.executable, "-c", KILLED_PUT, str(settings.data_dir), key, str(source)]
    ended = subprocess.run(script, cwd=ROOT, check=False)
    assert ended.returncode == -signal.SIGXFSZ
    source.unlink()
    return files_of(settings)


def files_of(settings: Settings) -> list[Path]:
    """Return all files of the blob store."""
    return [path for path in (settings.data_dir / "blobs").rglob("*") if path.is_file()]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(data_dir=tmp_path / "data")


@pytest.fixture
def client(settings: Settings) -> Iterator[TestClient]:
    settings.data_dir.mkdir()
    make_schema(settings.database_url)
    with TestClient(create_app(settings)) as client:
        yield client


def test_a_part_that_a_killed_process_was_storing_goes_with_its_upload(
    client: TestClient, settings: Settings
) -> None:
    location = client.post("/v1/uploads", headers={**TUS, "Upload-Length": "9"}).headers["location"]
    upload_id = location.rpartition("/")[2]
    [left] = kill_during_put(settings, f"uploads/{upload_id}/0-abc")
    assert "#" in left.name
    assert open_blobs(settings).list_blobs("uploads") == []
    assert client.delete(location, headers=TUS).status_code == 204
    assert files_of(settings) == []
    assert not left.parent.exists()


def test_parts_are_deleted_with_those_that_were_being_stored(settings: Settings) -> None:
    blobs = open_blobs(settings)
    (settings.data_dir / "part").write_bytes(b"part")
    for key in ("uploads/up_1/0", "uploads/up_2/0"):
        blobs.put_blob(key, settings.data_dir / "part")
    kill_during_put(settings, "uploads/up_1/4")
    assert len(files_of(settings)) == 3
    delete_parts(blobs, "up_1")
    assert [path.parent.name for path in files_of(settings)] == ["up_2"]
    assert not (settings.data_dir / "blobs" / "uploads" / "up_1").exists()


def test_an_upload_deleted_while_a_part_is_stored_is_gone_not_a_failure(
    client: TestClient, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    location = client.post("/v1/uploads", headers={**TUS, "Upload-Length": "9"}).headers["location"]
    blobs = client.app.state.context.blobs  # type: ignore[attr-defined]
    put = blobs.put_blob

    def delete_first(key: str, source: Path) -> None:
        assert client.delete(location, headers=TUS).status_code == 204
        source.unlink()
        put(key, source)

    monkeypatch.setattr(blobs, "put_blob", delete_first)
    headers = {**TUS, "Upload-Offset": "0"}
    assert client.patch(location, headers=headers, content=b"123456789").status_code == 404
    assert files_of(settings) == []


def test_files_of_every_command_are_private(tmp_path: Path) -> None:
    data = tmp_path / "alone"
    data.mkdir(mode=0o755)
    variables = {"BACKPROPD_DATA_DIR": str(data)}
    assert run("migrate", environment=clean_environment(**variables)).returncode == 0
    assert {path.stat().st_mode & 0o077 for path in data.iterdir()} == {0}
    with running(tmp_path / "up") as service:
        for pid in (service.process.pid, *(process.pid for process in service.family())):
            assert umask(pid) == 0o077, psutil.Process(pid).cmdline()


def umask(pid: int) -> int:
    """Return the file mode creation mask of a process."""
    status = Path(f"/proc/{pid}/status").read_text()
    [line] = [line for line in status.splitlines() if line.startswith("Umask:")]
    return int(line.split()[1], 8)
