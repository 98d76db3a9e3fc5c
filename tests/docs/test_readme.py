"""The README's commands run, and its examples match the API."""

import json
import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from service.schemas.job_requests import JobRequest
from store.settings import PREFIX, Settings
from tests.cli.service import Service
from tests.servers import BACKPROPD, ROOT, find_url, needs_curl, running

README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"^```(\w+)(?: (\w+))?\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def block(name: str) -> str:
    found: dict[str, str] = {title: text for _, title, text in BLOCKS}
    return found[name]


def commands(text: str) -> list[str]:
    return [line.split("#")[0].strip() for line in text.splitlines() if line.strip()]


def run(script: str, folder: Path, **environment: str) -> str:
    """Run a shell script with `set -e` and return its output."""
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_first_commands_are_those_of_ci() -> None:
    first = [line for _, title, text in BLOCKS[:1] if not title for line in commands(text)]
    ci = (ROOT / ".ci" / "run").read_text().splitlines()
    assert first == ["./run demo", "./run test"]
    assert {"./run lint", *first} <= {line.strip() for line in ci}


def test_every_shell_block_is_run_by_a_test_here() -> None:
    titles = {title for kind, title, _ in BLOCKS if kind == "sh"}
    assert titles == {"", "up", "session", "production", "develop"}


@needs_curl
def test_curl_session_goes_from_a_file_to_predictions(
    tmp_path: Path, shared_service: Service
) -> None:
    up = block("up").split()
    assert up[:2] == ["./run", "up"]
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    assert {"--port", "--data"} <= set(up)
    printed = run(block("session").replace("http://127.0.0.1:8000", shared_service.url), tmp_path)
    lines = printed.splitlines()
    assert lines[0].startswith("epoch,loss,validation_loss")
    assert len([line for line in lines if re.match(r"\d+,0?\.?\d", line)]) == 20
    prediction = json.loads(lines[-1])
    truth = (ROOT / "examples/digits/digits.csv").read_text().splitlines()[1].split(",")[-1]
    assert prediction["data"][0]["label"] == int(truth)
    weights = load_file(tmp_path / "weights.safetensors")
    assert weights["layers.0.weight"].shape == (64, 64)
    assert all(np.isfinite(array).all() for array in weights.values())


@pytest.mark.rare
@needs_curl
def test_production_commands_run_on_postgresql_and_redis(
    tmp_path: Path, postgres_database_url: str, redis_url: str
) -> None:
    text = block("production")
    exported = dict(re.findall(r"^export (\w+)=(\S+)", text, re.MULTILINE))
    assert set(exported) <= {f"{PREFIX}{name.upper()}" for name in Settings.model_fields}
    environment = {
        "BACKPROPD_DATABASE_URL": postgres_database_url,
        "BACKPROPD_BROKER_URL": redis_url,
        "BACKPROPD_BLOB_URL": f"file://{tmp_path / 'blobs'}",
        "BACKPROPD_DATA_DIR": str(tmp_path),
    }
    assert set(exported) < set(environment)
    migrate, api, worker = (
        line.split() for line in commands(text) if line.startswith(".venv/bin/backpropd")
    )
    run(shlex.join([*BACKPROPD, *migrate[1:]]), ROOT, **environment)
    api[api.index("--port") + 1] = "0"
    api_log, worker_log = tmp_path / "api.log", tmp_path / "worker.log"
    with running([*BACKPROPD, *api[1:]], api_log, **environment):
        url = find_url(api_log, r"listening on (http://\S+)")
        with running([*BACKPROPD, *worker[1:]], worker_log, **environment):
            shutil.copytree(ROOT / "examples", tmp_path / "examples")
            run(block("session").replace("http://127.0.0.1:8000", url), tmp_path)


def test_commands_for_developers_are_commands_of_run() -> None:
    known = run("./run help", ROOT)
    for line in commands(block("develop")):
        program, command, *_ = line.split()
        assert program == "./run"
        assert re.search(rf"^ +{command}\b", known, re.MULTILINE), command


def test_job_is_shown_with_its_defaults() -> None:
    shown = json.loads(block("defaults"))
    request = JobRequest(dataset_id=shown["dataset_id"], target=shown["target"])
    assert request.model_dump(mode="json") == shown


def test_every_setting_is_documented() -> None:
    text = (ROOT / "docs" / "settings.md").read_text()
    for name, field in Settings.model_fields.items():
        assert f"| `{PREFIX}{name.upper()}` |" in text
        assert str(field.description) in text


@pytest.mark.parametrize("path", [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))])
def test_links_between_documents_are_valid(path: Path) -> None:
    for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", path.read_text()):
        assert (path.parent / target).exists(), target
