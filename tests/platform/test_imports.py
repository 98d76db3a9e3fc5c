"""Imports at process start: heavy packages are imported when they are first needed."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from service.runtime.file_readers import MODULES as READER_MODULES
from store.db.migrate import upgrade
from store.settings import load_settings

ROOT = Path(__file__).resolve().parents[2]
MAKE_APP = """
import json, sys
from service.app import create_app
from store.settings import load_settings
create_app(load_settings(data_dir=sys.argv[1], broker_url="memory://"))
print(json.dumps(sorted(sys.modules)))
"""

START_READER = """
import json, os, sys
from service.runtime import read_child
from service.runtime.compute_child import call, start
from store.settings import load_settings
start(
    load_settings(data_dir=sys.argv[1]), sys.argv[2:], os.getppid(), 2**30, has_resources=False
)
assert call(repr, ()) == "None", "a reader has no resources"
print(json.dumps(sorted(sys.modules)))
"""

UPLOAD_AT_ONCE = """
import json, sys, threading
from concurrent.futures import ThreadPoolExecutor
from fastapi.testclient import TestClient
from service.app import create_app
from store.settings import load_settings

class Watch:
    importers = {}
    def find_spec(self, name, path=None, target=None):
        self.importers.setdefault(name, threading.current_thread().name)

def upload(number):
    table = b"x,y\\n" + b"1,2\\n" * (1 + number)
    answer = client.post("/v1/datasets", content=table, headers={"Content-Type": "text/csv"})
    return answer.status_code

sys.meta_path.insert(0, Watch())
settings = load_settings(data_dir=sys.argv[1], broker_url="memory://")
with TestClient(create_app(settings)) as client, ThreadPoolExecutor(4) as threads:
    statuses = list(threads.map(upload, range(4)))
print(json.dumps({"statuses": statuses, "importers": Watch.importers}))
"""


def run(program: str, *arguments: str) -> Any:
    """Run a program in a fresh interpreter and return its last output line, parsed as JSON."""
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A data directory with a migrated database."""
    folder = tmp_path_factory.mktemp("data")
    upgrade(load_settings(data_dir=folder).database_url)
    return str(folder)


@pytest.fixture(scope="module")
def imported_by_app(data: str) -> set[str]:
    return set(run(MAKE_APP, data))


@pytest.mark.parametrize(
    "package",
    [
        pytest.param("alembic", id="migrations are run by another command"),
        pytest.param("mako", id="Alembic's templates"),
        pytest.param("celery", id="the thread that publishes jobs loads it"),
        pytest.param("kombu", id="Celery's messages"),
        pytest.param("pyarrow", id="the thread that reads a dataset loads it"),
        pytest.param("ijson", id="JSON documents"),
        pytest.param("httpx2", id="the thread that claims a delivery loads it"),
        pytest.param("standardwebhooks", id="signatures of deliveries"),
        pytest.param("pebble", id="the first computation in a child process loads it"),
    ],
)
def test_application_starts_without(imported_by_app: set[str], package: str) -> None:
    assert "service.app" in imported_by_app
    assert package not in imported_by_app


def test_first_uploads_import_pyarrow_outside_the_event_loop(data: str) -> None:
    found = run(UPLOAD_AT_ONCE, data)
    assert found["statuses"] == [201] * 4
    assert found["importers"]["pyarrow"].startswith("AnyIO worker thread")
    assert found["importers"]["celery"] == "job-notifier"


@pytest.fixture(scope="module")
def imported_by_reader(data: str) -> set[str]:
    return set(run(START_READER, data, *READER_MODULES))


@pytest.mark.parametrize(
    "package",
    [
        pytest.param("fastapi", id="errors of readers have a module of their own"),
        pytest.param("starlette", id="FastAPI's"),
        pytest.param("sqlalchemy", id="readers have no database"),
        pytest.param("engine.training", id="readers do not train"),
        pytest.param("engine.layers", id="networks"),
        pytest.param("service.schemas", id="bodies of requests and answers"),
        pytest.param("store.prepared", id="prepared data"),
    ],
)
def test_reader_starts_without(imported_by_reader: set[str], package: str) -> None:
    assert {*READER_MODULES, "pyarrow"} <= imported_by_reader
    assert package not in imported_by_reader


def test_worker_imports_pyarrow_before_it_forks(data: str) -> None:
    """Children share what their parent has imported; each would otherwise load it for itself."""
    program = f"""
import json, os, sys
os.environ |= {{"BACKPROPD_DATA_DIR": {data!r}, "BACKPROPD_BROKER_URL": "memory://"}}
import workers.app
from celery.signals import worker_init
worker_init.send(sender=type("Worker", (), {{"hostname": "w1@host"}}))
print(json.dumps(sorted(sys.modules)))
"""
    imported = set(run(program))
    assert {"pyarrow.compute", "engine.training.training", "store.blobs.tensors"} <= imported
    assert "alembic" not in imported
