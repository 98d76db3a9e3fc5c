"""What a process imports when it starts: heavy packages wait until something needs them."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from store.schema import upgrade
from store.settings import load_settings

ROOT = Path(__file__).resolve().parents[2]
MAKE_APP = """
import json, sys
from service.app import create_app
from store.settings import load_settings
create_app(load_settings(data_dir=sys.argv[1], broker_url="memory://"))
print(json.dumps(sorted(sys.modules)))
"""


def modules_after(program: str, *arguments: str) -> set[str]:
    """Names of the modules that a fresh interpreter has imported at the end of a program."""
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout.splitlines()[-1]))


@pytest.fixture(scope="module")
def imported_by_app(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    folder = tmp_path_factory.mktemp("data")
    upgrade(load_settings(data_dir=folder).database_url)
    return modules_after(MAKE_APP, str(folder))


@pytest.mark.parametrize(
    "package",
    [
        pytest.param("alembic", id="migrations are run by another command"),
        pytest.param("mako", id="Alembic's templates"),
        pytest.param("celery", id="the thread that rings loads it"),
        pytest.param("kombu", id="Celery's messages"),
    ],
)
def test_application_starts_without(imported_by_app: set[str], package: str) -> None:
    assert "service.app" in imported_by_app
    assert package not in imported_by_app
