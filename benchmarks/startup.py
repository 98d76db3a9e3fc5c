"""Processor time and memory of starting: of imports alone, and of `backpropd api` until it answers.

    python -m benchmarks.startup

Each figure is the median over fresh processes, whose bytecode is compiled beforehand. The API is
at rest when what it loads in the background after its first answer is loaded. Two small uploads
follow: the first one loads pyarrow. Linux only: memory is read from /proc.
"""

import os
import resource
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from http.client import HTTPConnection
from pathlib import Path

from benchmarks.results import write_results
from store.db.migrate import upgrade
from store.settings import PREFIX, load_settings

ROUNDS = 5
IMPORTS = (
    "engine.specs",
    "engine.training.training",
    "store.db.database",
    "service.app",
    "workers.slices",
)
START_SECONDS = 60
REST_SECONDS = 1.0
MIB = 2**20
HEALTH = b"GET /healthz HTTP/1.1\r\nHost: backpropd\r\nConnection: close\r\n\r\n"

Figures = dict[str, float]


def main() -> None:
    """Measure, print and keep."""
    subjects: dict[str, Callable[[], Figures]] = {
        f"import {name}": partial(measure_import, name) for name in IMPORTS
    }
    subjects["backpropd --help"] = measure_help
    with tempfile.TemporaryDirectory(prefix="startup-") as folder:
        environment = prepare(Path(folder))
        subjects["backpropd api"] = partial(measure_api, environment)
        found = measure(subjects)
    for name, figures in found.items():
        for what, figure in figures.items():
            print(f"{name:<24} {what:<24} {figure:8.3f}")
    print(f"written to {write_results('startup', found)}")


def measure(subjects: dict[str, Callable[[], Figures]]) -> dict[str, Figures]:
    """Medians over the rounds, after one that is not counted; all subjects in turn."""
    rounds: dict[str, list[Figures]] = {name: [] for name in subjects}
    for _ in range(1 + ROUNDS):
        for name, run in subjects.items():
            rounds[name].append(run())
    return {
        name: {what: statistics.median(figures[what] for figures in taken[1:]) for what in taken[0]}
        for name, taken in rounds.items()
    }


def prepare(folder: Path) -> dict[str, str]:
    """A migrated SQLite database and a broker that is a folder; the environment that names them."""
    settings = load_settings(data_dir=folder, broker_url=f"filesystem://{folder}/broker")
    for name in ("messages", "control"):
        (folder / "broker" / name).mkdir(parents=True)
    upgrade(settings.database_url)
    names = {"DATA_DIR": str(folder), "BROKER_URL": str(settings.broker_url)}
    return plain_environment() | {f"{PREFIX}{name}": value for name, value in names.items()}


def plain_environment() -> dict[str, str]:
    """The caller's, without settings, and such that bytecode is kept."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    kept.pop("PYTHONDONTWRITEBYTECODE", None)
    return kept


def measure_import(name: str) -> Figures:
    """Processor seconds and resident memory of a process that imports a module."""
    program = f"import {name}; print(open('/proc/self/statm').read().split()[1])"
    seconds, output = run_command("-c", program)
    return {"cpu_seconds": seconds, "resident_mib": int(output) * resource.getpagesize() / MIB}


def measure_help() -> Figures:
    """Processor seconds of `backpropd --help`."""
    return {"cpu_seconds": run_command("-m", "cli", "--help")[0]}


def run_command(*arguments: str) -> tuple[float, str]:
    """Run a Python process to its end: its processor seconds, and what it prints."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [sys.executable, *arguments],
        env=plain_environment(),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    return seconds, done.stdout


def measure_api(environment: dict[str, str]) -> Figures:
    """`backpropd api`: until /healthz answers, and once it is at rest."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = listener.getsockname()
        command = [sys.executable, "-m", "cli", "api", "--fd", str(listener.fileno())]
        started = time.perf_counter()
        with subprocess.Popen(
            command,
            env=environment,
            pass_fds=[listener.fileno()],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as process:
            try:
                wait_for_answer(address)
                figures = {"ready_seconds": time.perf_counter() - started}
                figures |= {f"{k}_ready": v for k, v in look(process.pid).items()}
                figures |= {f"{k}_at_rest": v for k, v in wait_for_rest(process.pid).items()}
                figures["first_upload_seconds"] = upload(address, 1)
                figures["second_upload_seconds"] = upload(address, 2)
                figures["resident_mib_in_use"] = look(process.pid)["resident_mib"]
            finally:
                process.terminate()
    return figures


def wait_for_answer(address: tuple[str, int]) -> None:
    """Ask /healthz; the socket listens from the beginning, so the answer comes when it can."""
    with socket.create_connection(address, timeout=START_SECONDS) as connection:
        connection.sendall(HEALTH)
        if not connection.recv(65_536).startswith(b"HTTP/1.1 200 "):
            raise SystemExit("the API does not start")


def upload(address: tuple[str, int], rows: int) -> float:
    """Upload a table that was not uploaded before; the seconds that it takes."""
    table = f"x,y,{time.time_ns()}\n" + "1,2,3\n" * rows
    started = time.perf_counter()
    connection = HTTPConnection(*address, timeout=START_SECONDS)
    connection.request("POST", "/v1/datasets", table, {"Content-Type": "text/csv"})
    status = connection.getresponse().status
    connection.close()
    if status != 201:
        raise SystemExit(f"the upload was answered {status}")
    return time.perf_counter() - started


def wait_for_rest(pid: int) -> Figures:
    """Wait until the process has used nearly no processor time for a while."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        before = look(pid)
        time.sleep(REST_SECONDS)
        after = look(pid)
        if after["cpu_seconds"] - before["cpu_seconds"] <= 0.05 * REST_SECONDS:
            return after
    raise SystemExit(f"the API is still busy after {START_SECONDS} s")


def look(pid: int) -> Figures:
    """Processor seconds and resident memory of a process so far (Linux)."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    ticks = int(fields[11]) + int(fields[12])
    pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    return {
        "cpu_seconds": ticks / os.sysconf("SC_CLK_TCK"),
        "resident_mib": pages * resource.getpagesize() / MIB,
    }


if __name__ == "__main__":
    main()
