"""The cost of refusing large wrong bodies, and the waits of `/healthz` beside them.

    python -m benchmarks.bad_requests

Every kind of wrong body of `tests/hostile/bad_bodies.py` goes to every route that it is meant for,
while a probe asks for `/healthz` every 10 ms. Reported are processor time and memory of the API's
process against what a refusal may take, 50 ms + 30 ms per MiB sent and 16 MiB + 10 times the bytes
sent, and the waits of the probe with and without the bodies. Linux only.
"""

import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import numpy as np

from benchmarks.results import write_results
from tests.hostile.bad_bodies import KINDS, make_form, make_model
from tests.hostile.routes import JSON, list_routes
from tests.service.hostile.watched import MIB, WatchedService, watched_service

SIZES = (MIB - 100, 15 * MIB)
PROBE_SECONDS = 0.01
QUIET_SECONDS = 3.0


def main() -> None:
    """Measure, print and keep."""
    with (
        tempfile.TemporaryDirectory(prefix="bad-requests-") as folder,
        watched_service(Path(folder)) as service,
        httpx2.Client(base_url=service.url, timeout=60) as client,
    ):
        found = measure(service, client)
    for name, figures in found.items():
        print(f"{name:<48} {figures}")
    print(f"written to {write_results('bad-requests', found)}")


def measure(service: WatchedService, client: httpx2.Client) -> dict[str, Any]:
    """Return the costs per kind and size, and the waits of the probe."""
    weights = {"output.weight": np.zeros((4, 3), "f4"), "output.bias": np.zeros(3, "f4")}
    content, headers = make_model(weights)
    model = client.post("/v1/models", content=content, headers=headers).json()["id"]
    routes = list(list_routes(client.get("/openapi.json").json()["paths"], model))
    with probing(service.url) as quiet:
        time.sleep(QUIET_SECONDS)
    found: dict[str, Any] = {}
    with probing(service.url) as waits:
        for size in SIZES:
            for name, kind in KINDS.items():
                paths = [route for route in routes if kind.fits(route[1])]
                costs = [send(service, client, *path, kind.make(size)) for path in paths]
                found[f"{name}, {round(size / MIB)} MiB"] = {
                    "seconds": round(max(cost[0] for cost in costs), 3),
                    "share of allowed seconds": round(max(cost[1] for cost in costs), 2),
                    "share of allowed memory": round(max(cost[2] for cost in costs), 2),
                }
    found["waits of /healthz, ms"] = {"quiet": describe(quiet), "beside": describe(waits)}
    return found


def send(
    service: WatchedService, client: httpx2.Client, method: str, path: str, body: bytes
) -> tuple[float, float, float]:
    """Return the processor time of one request, and the shares of what it may take."""
    content, headers = body, {"Content-Type": JSON}
    if path == "/v1/models":
        content, headers = make_form(model=body, weights=b"")
    service.watch.start()
    client.request(method, path, content=content, headers=headers)
    spent = service.watch.stop()
    sent = len(body) / MIB
    allowed = (0.05 + 0.03 * sent, (16 + 10 * sent) * MIB)
    return spent.seconds, spent.seconds / allowed[0], spent.bytes / allowed[1]


@contextmanager
def probing(url: str) -> Iterator[list[float]]:
    """Ask for /healthz during the block; yield the waits in milliseconds."""
    waits: list[float] = []
    stopped = threading.Event()

    def probe() -> None:
        with httpx2.Client(base_url=url, timeout=60) as client:
            while not stopped.wait(PROBE_SECONDS):
                begin = time.perf_counter()
                client.get("/healthz")
                waits.append((time.perf_counter() - begin) * 1000)

    thread = threading.Thread(target=probe)
    thread.start()
    try:
        yield waits
    finally:
        stopped.set()
        thread.join()


def describe(waits: list[float]) -> dict[str, float]:
    """Return median, 99th percentile and maximum."""
    percentiles = statistics.quantiles(waits, n=100)
    return {
        "median": round(percentiles[49], 1),
        "p99": round(percentiles[98], 1),
        "maximum": round(max(waits), 1),
    }


if __name__ == "__main__":
    main()
