"""Cost of refusing files that expand, and of reading honest ones, in a running service.

    python -m benchmarks.expanding_files

Every file of `tests/hostile/expanding_files.py`, and an honest one of each format and compression,
is sent alone. Reported are the peaks of resident memory of the API process and of the largest child
process that reads files, the bytes on disk during and after the request, and how long a CSV file of
12 bytes waits that is sent once the other one has arrived. Linux only.
"""

import os
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import httpx2
import psutil

from benchmarks.memory import peak_bytes, reset_peak
from benchmarks.results import write_results
from tests.hostile.expanding_files import (
    FILES,
    MIB,
    PACKINGS,
    READERS,
    Packing,
    Reader,
    build,
    honest,
    pack,
)
from tests.service.hostile.watched import WatchedService, watched_service

MEDIA_TYPES = {
    "csv": "text/csv",
    "json_lines": "application/x-ndjson",
    "json": "application/json",
    "parquet": "application/vnd.apache.parquet",
    "arrow": "application/vnd.apache.arrow.file",
    "npy": "application/x-npy",
    "npz": "application/x-npz",
}
HONEST_ROWS = 500_000
SHORT = b"x,y\n1,2\n3,4\n"
PERIOD = 0.01


@dataclass
class Cost:
    """Resident memory above the start, disk and seconds that a file costs; and the answer."""

    sent_bytes: int
    status: int = 0
    reached: float | None = None
    seconds: float = 0
    api_mib: float = 0
    child_mib: float = 0
    disk_mib: float = 0
    disk_mib_after: float = 0
    wait_of_short_file: float = 0


def main() -> None:
    """Measure, print a table and keep the figures."""
    found: dict[str, object] = {}
    names = [name for name in Cost.__dataclass_fields__ if name != "reached"]
    print(f"| file | {' | '.join(name.replace('_', ' ') for name in names)} |")
    for name, make in list_files():
        cost = send_alone(MEDIA_TYPES[name.split(",")[0]], make())
        found[name] = asdict(cost)
        print(
            f"| {name} | {' | '.join(f'{getattr(cost, one):.4g}' for one in names)} |", flush=True
        )
    found["load"] = os.getloadavg()[0]
    print(f"written to {write_results('expanding_files', found)}")


def list_files() -> Iterator[tuple[str, Callable[[], bytes]]]:
    """Yield names, which begin with the format, and functions that make the files."""
    for reader, packing, fold in FILES:
        yield f"{reader}, {packing}, {fold:.0e}", partial(_make_expanding, reader, packing, fold)
    for reader in READERS:
        for packing in PACKINGS:
            yield f"{reader}, {packing}, honest", partial(_make_honest, reader, packing)


def _make_expanding(reader: Reader, packing: Packing, fold: int) -> bytes:
    return build(reader, packing, fold).content


def _make_honest(reader: Reader, packing: Packing) -> bytes:
    return pack(honest(reader, HONEST_ROWS), packing)


def send_alone(media_type: str, content: bytes) -> Cost:
    """Send a file to a service of its own, whose readers have started; return what it costs."""
    with (
        tempfile.TemporaryDirectory(prefix="expanding-files-") as folder,
        watched_service(Path(folder)) as service,
        httpx2.Client(base_url=service.url, timeout=600) as client,
    ):
        for kind, first in ((MEDIA_TYPES["parquet"], honest("parquet", 10)), ("text/csv", SHORT)):
            answer = client.post("/v1/datasets", content=first, headers={"Content-Type": kind})
            answer.raise_for_status()
        return _measure(service, client, media_type, content)


def _measure(
    service: WatchedService, client: httpx2.Client, media_type: str, content: bytes
) -> Cost:
    cost, before = Cost(len(content)), used_bytes(service)
    service.watch.start()
    with watching(service, cost, before), sending_short_file(service, cost):
        begin = time.perf_counter()
        answer = client.post("/v1/datasets", content=content, headers={"Content-Type": media_type})
        cost.seconds = time.perf_counter() - begin
    cost.status = answer.status_code
    cost.reached = answer.json().get("reached")
    cost.api_mib = service.watch.stop().bytes / MIB
    cost.disk_mib_after = (used_bytes(service) - before) / MIB
    return cost


@contextmanager
def watching(service: WatchedService, cost: Cost, before: int) -> Iterator[None]:
    """Record the peaks of the disk and of the children's resident memory during the block."""
    for child in psutil.Process(service.watch.pid).children(recursive=True):
        reset_peak(child.pid)

    def look() -> None:
        cost.disk_mib = max(cost.disk_mib, (used_bytes(service) - before) / MIB)
        for child in psutil.Process(service.watch.pid).children(recursive=True):
            # One that was ended meanwhile has no entry.
            with suppress(OSError, LookupError):
                cost.child_mib = max(cost.child_mib, peak_bytes(child.pid) / MIB)

    with repeating(look):
        yield
    look()


@contextmanager
def sending_short_file(service: WatchedService, cost: Cost) -> Iterator[None]:
    """Send a short file once another one has arrived; record how long its answer took."""
    arrived, incoming = threading.Event(), service.settings.data_dir / "incoming"

    def send() -> None:
        while not arrived.is_set() and not any(incoming.glob("*/*")):
            time.sleep(PERIOD / 10)
        with httpx2.Client(base_url=service.url, timeout=600) as client:
            begin = time.perf_counter()
            answer = client.post(
                "/v1/datasets", content=SHORT, headers={"Content-Type": "text/csv"}
            )
            answer.raise_for_status()
            cost.wait_of_short_file = time.perf_counter() - begin

    thread = threading.Thread(target=send)
    thread.start()
    try:
        yield
    finally:
        arrived.set()
        thread.join()


@contextmanager
def repeating(call: Callable[[], None]) -> Iterator[None]:
    """Call a function every few milliseconds during the block."""
    stopped = threading.Event()

    def repeat() -> None:
        while not stopped.wait(PERIOD):
            call()

    thread = threading.Thread(target=repeat)
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join()


def used_bytes(service: WatchedService) -> int:
    """Return the bytes of all files in the data folder except those of the database."""
    total = 0
    for path in service.files():
        # A file of a request may be deleted meanwhile.
        with suppress(OSError):
            total += path.stat().st_blocks * 512
    return total


if __name__ == "__main__":
    main()
