"""docker-compose.yml as far as testable without Docker: its contents, and its commands."""

import json
import os
import re
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import yaml

from cli.main import app
from service.runtime import compute_child, compute_pool, file_readers
from store.settings import PREFIX, Settings, load_settings
from tests.waiting import wait_for
from workers.process.memory_limit import limit_of_job

ROOT = Path(__file__).resolve().parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = ("api", "worker", "migrate")
MIB = 2**20
# Memory of a process of ours besides what settings limit, as docs/settings.md and
# docs/reliability.md state it.
PROCESS_BYTES = 300 * MIB
DOCKERFILE = (ROOT / "Dockerfile").read_text()


def test_the_services_are_there() -> None:
    assert SERVICES.keys() == {*OURS, "postgres", "redis"}


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_limited_and_unprivileged(name: str) -> None:
    service = SERVICES[name]
    assert service["deploy"]["resources"]["limits"].keys() == {"cpus", "memory"}
    user, group = map(int, service["user"].split(":"))
    assert min(user, group) > 0
    assert service["cap_drop"] == ["ALL"]
    assert "privileged" not in service


def settings_of(name: str, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Return the settings of a container."""
    for variable, value in SERVICES[name]["environment"].items():
        if "${" not in value:
            monkeypatch.setenv(variable, value)
    return load_settings(data_dir=ROOT)


def option_of(name: str, option: str) -> int:
    command = SERVICES[name]["command"]
    return int(command[command.index(option) + 1])


def memory_of(name: str) -> int:
    """Return a container's limit of memory in bytes."""
    limit: str = SERVICES[name]["deploy"]["resources"]["limits"]["memory"]
    assert limit.endswith("g")
    return int(limit.removesuffix("g")) * 1024 * MIB


def test_the_memory_of_the_api_is_that_of_its_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = settings_of("api", monkeypatch)
    computing = compute_pool.MAX_PROCESSES
    process = PROCESS_BYTES + settings.body_memory_bytes
    process += file_readers.PROCESSES * (compute_child.BASE_BYTES + settings.max_read_memory_bytes)
    process += computing * (compute_child.BASE_BYTES + settings.max_job_memory_bytes)
    needed = option_of("api", "--processes") * process + settings.model_cache_bytes
    assert needed <= memory_of("api") < needed + 1024 * MIB
    assert f"{needed // MIB:,}" in (ROOT / "docker-compose.yml").read_text()


def test_the_memory_of_the_worker_is_that_of_its_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = settings_of("worker", monkeypatch)
    child = PROCESS_BYTES + limit_of_job(settings.max_job_memory_bytes)
    needed = PROCESS_BYTES + option_of("worker", "--concurrency") * child
    assert needed <= memory_of("worker") < needed + 1024 * MIB
    assert f"{needed // MIB:,}" in (ROOT / "docker-compose.yml").read_text()


@pytest.mark.parametrize("name", sorted(SERVICES.keys() - {"migrate"}))
def test_a_long_running_service_has_a_health_check(name: str) -> None:
    assert SERVICES[name]["healthcheck"]["test"][0] == "CMD"
    assert SERVICES[name]["restart"] == "unless-stopped"


@pytest.mark.parametrize("name", ["api", "worker"])
def test_no_service_starts_before_the_migrations(name: str) -> None:
    needed = SERVICES[name]["depends_on"]
    assert needed["migrate"] == {"condition": "service_completed_successfully"}
    assert needed["postgres"] == needed["redis"] == {"condition": "service_healthy"}


def test_only_the_api_is_published_and_to_this_machine_alone() -> None:
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert published == {"api": ["127.0.0.1:${API_PORT:-8000}:8000"]}
    assert COMPOSE["networks"]["inside"] == {"internal": True}


@pytest.mark.parametrize("name", OURS)
def test_the_environment_is_what_settings_read(name: str) -> None:
    variables = SERVICES[name]["environment"]
    assert {variable.removeprefix(PREFIX).lower() for variable in variables} <= set(
        Settings.model_fields
    )
    text = (ROOT / "docker-compose.yml").read_text() + DOCKERFILE
    for variable in re.findall(rf"{PREFIX}([A-Z_]+)", text):
        assert variable.lower() in Settings.model_fields


def test_the_password_is_set_by_the_operator() -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    assert all(use.startswith(":?") for use in re.findall(r"\$\{POSTGRES_PASSWORD([^}]*)", text))


@pytest.mark.parametrize("name", OURS)
def test_the_command_exists(name: str) -> None:
    commands = {command.name or command.callback.__name__ for command in app.registered_commands}  # type: ignore[union-attr]
    assert SERVICES[name]["command"][0] in commands


def test_volumes_and_networks_are_declared() -> None:
    used = {volume.split(":")[0] for s in SERVICES.values() for volume in s.get("volumes", ())}
    assert used == COMPOSE["volumes"].keys()
    assert {n for s in SERVICES.values() for n in s["networks"]} == COMPOSE["networks"].keys()


def test_the_append_only_file_is_on() -> None:
    command = SERVICES["redis"]["command"]
    assert command[command.index("--appendonly") + 1] == "yes"


def test_the_image_is_locked_and_does_not_run_as_root() -> None:
    assert "pip install --require-hashes -r requirements.txt" in DOCKERFILE
    assert re.search(r"^USER \d+:\d+$", DOCKERFILE, re.MULTILINE)
    assert "HEALTHCHECK" in DOCKERFILE
    bases = re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)
    assert len(bases) == 2
    assert all(base.partition("@")[0] == "python:3.11-slim-bookworm" for base in bases)


def test_the_image_contains_every_package() -> None:
    ignore = (ROOT / ".dockerignore").read_text().splitlines()
    for package in ("engine", "store", "workers", "service", "cli", "migrations"):
        assert f"!{package}" in ignore


class _Composed:
    """The services' commands as local processes, on real servers."""

    def __init__(self, folder: Path, database_url: str, broker_url: str) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = str(free.getsockname()[1])
        self.folder = folder
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(PREFIX)},
            **SERVICES["api"]["environment"],
            "BACKPROPD_DATA_DIR": str(folder),
            "BACKPROPD_DATABASE_URL": database_url,
            "BACKPROPD_BROKER_URL": broker_url,
            "BACKPROPD_BLOB_URL": f"file://{folder}/blobs",
            "BACKPROPD_ALLOWED_HOSTS": "",
        }

    def start(self, arguments: list[str]) -> subprocess.Popen[bytes]:
        """Start a command of the file, on the loopback address and a free port."""
        local = {"8000": self.port, "0.0.0.0": "127.0.0.1"}
        command = [local.get(part, part.replace(":8000/", f":{self.port}/")) for part in arguments]
        if command[0] == "python":
            command[0] = sys.executable
        else:
            command = [sys.executable, "-m", "cli", *command]
        with (self.folder / "log").open("ab") as log:
            return subprocess.Popen(command, cwd=ROOT, env=self.environment, stderr=log)

    def is_healthy(self, name: str) -> bool:
        """Return whether the service's health check succeeds."""
        check = SERVICES[name]["healthcheck"]["test"][1:]
        return self.start([part for part in check if part != "backpropd"]).wait(300) == 0

    def ready(self) -> dict[str, Any]:
        """Return the body of /readyz; empty until it answers 200."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz") as answer:
                found: dict[str, Any] = json.load(answer)
        except urllib.error.URLError:
            return {}
        return found


@pytest.mark.rare
def test_the_commands_start_on_real_servers(
    tmp_path: Path, postgres_database_url: str, redis_url: str
) -> None:
    composed = _Composed(tmp_path, postgres_database_url, redis_url)
    assert composed.start(SERVICES["migrate"]["command"]).wait(300) == 0
    assert not composed.is_healthy("worker")
    with ExitStack() as stack:
        running = {
            name: stack.enter_context(composed.start(SERVICES[name]["command"]))
            for name in ("api", "worker")
        }
        for process in running.values():
            stack.callback(process.kill)
        # Asked for over HTTP: each health check is a process that slows down those that start.
        wait_for(lambda: composed.ready().get("workers") == 1)
        assert composed.is_healthy("api")
        assert composed.is_healthy("worker")
        assert composed.ready()["database"] == "postgresql"
        for process in running.values():
            process.terminate()
        assert {name: process.wait(20) for name, process in running.items()} == {
            "api": 0,
            "worker": 0,
        }
