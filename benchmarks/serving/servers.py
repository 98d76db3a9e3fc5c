"""The processes of the compared services."""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2

from benchmarks.serving.connection import Address
from cli.supervision.process import tie_to_parent

ROOT = Path(__file__).resolve().parents[2]
MLSERVER = Path(__file__).parent / "mlserver" / ".venv" / "bin" / "mlserver"
MLSERVER_MODEL = "network"
START_SECONDS = 60
STOP_SECONDS = 10


@contextmanager
def floor_app(name: str, file: Path, options: Sequence[str]) -> Iterator[Address]:
    """Run a module of `benchmarks.serving.apps` for the duration of a block; yield its address."""
    command = [sys.executable, "-m", "benchmarks.serving.apps", name, str(file), *options]
    with _running(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        port = process.stdout.readline().strip()
        if not port:
            raise SystemExit(f"the floor {name} does not start")
        yield "127.0.0.1", int(port)


@contextmanager
def mlserver(file: Path) -> Iterator[Address | None]:
    """Run MLServer with the network of a file; yield its address, None if it is not installed."""
    if not MLSERVER.exists():
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="mlserver-") as folder:
        port = _write_settings(Path(folder), file)
        command = [str(MLSERVER), "start", folder]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        with _running(command, env=os.environ | {"PYTHONPATH": str(ROOT)}, **quiet):
            _wait_until_ready(f"http://127.0.0.1:{port}/v2/models/{MLSERVER_MODEL}/ready")
            yield "127.0.0.1", port


def _write_settings(folder: Path, file: Path) -> int:
    """Write the settings of MLServer and its model; return the port.

    Without workers MLServer predicts in its own process, which is its fastest setting here.
    """
    port, grpc, metrics = _free_ports(3)
    settings = {
        "host": "127.0.0.1",
        "http_port": port,
        "grpc_port": grpc,
        "metrics_port": metrics,
        "metrics_endpoint": None,
        "metrics_dir": str(folder),
        "parallel_workers": 0,
        "debug": False,
    }
    model = {
        "name": MLSERVER_MODEL,
        "implementation": "benchmarks.serving.mlserver.numpy_runtime.NumpyRuntime",
        "parameters": {"uri": str(file)},
    }
    (folder / "settings.json").write_text(json.dumps(settings), encoding="utf-8")
    (folder / "model-settings.json").write_text(json.dumps(model), encoding="utf-8")
    return port


def _free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


@contextmanager
def _running(command: list[str], **options: Any) -> Iterator[subprocess.Popen[str]]:  # noqa: ANN401
    with subprocess.Popen(
        command,
        cwd=ROOT,
        text=True,
        **options,
        # As the service: the kernel divides processor time between sessions.
        start_new_session=True,
        preexec_fn=tie_to_parent(signal.SIGTERM),  # noqa: PLW1509 - no threads yet
    ) as process:
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()


def _wait_until_ready(url: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        try:
            if httpx2.get(url).status_code == 200:
                return
        except httpx2.TransportError:
            pass
        time.sleep(0.2)
    raise SystemExit(f"{url} is not ready after {START_SECONDS} s")
