"""Foreign clients of the Open Inference Protocol drive a live server."""

import json
import subprocess
from pathlib import Path

import pytest

from tests.conformance.conftest import LiveServer
from tests.conformance.environments import FOLDER, find_environment

pytestmark = pytest.mark.conformance
LEAST = {"triton": 24, "kserve": 12}


@pytest.mark.parametrize("tool", LEAST)
def test_client(live_server: LiveServer, tool: str, subtests: pytest.Subtests) -> None:
    # Isolated: this project must not be importable.
    drive = FOLDER / tool / "drive.py"
    command: list[str | Path] = [
        find_environment(tool) / "bin" / "python",
        "-I",
        drive,
        live_server.url,
    ]
    case = json.dumps(live_server.case)
    done = subprocess.run(
        command, input=case, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    results: dict[str, str | None] = json.loads(done.stdout)
    assert len(results) >= LEAST[tool]
    for name, failure in results.items():
        with subtests.test(name):
            assert failure is None, failure
