"""Latency of one-row requests at 32 connections, without and beside 1,000-row requests."""

import selectors
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager

import numpy as np

from benchmarks.serving import exchanges
from benchmarks.serving.cases import ORJSON, OURS, Services
from benchmarks.serving.connection import Address, Connection, split_answer

CONNECTIONS = 32
LARGE_ROWS = 1000
GOAL = 3.0
BESIDE = f"{OURS}, beside 1,000-row requests"
RECEIVED_BYTES = 65_536


def measure_tail(services: Services, seconds: float) -> dict[str, dict[str, float]]:
    """Return p50 and p99 in milliseconds and their ratio, alone and beside large requests.

    The floor with orjson, alone, shows the part that is the machine's.

    Args:
        services: the running services.
        seconds: time beside large requests; the other measurements take a quarter of it.
    """
    row, rows = (exchanges.make_pixels(count).tolist() for count in (1, LARGE_ROWS))
    request = exchanges.predict_served(services.pixels, row).to_bytes()
    floor = exchanges.predict_json("/predict", row).to_bytes()
    found = {
        f"{ORJSON}, alone": _measure(services.floors["raw_json"], floor, seconds / 4),
        f"{OURS}, alone": _measure(services.ours, request, seconds / 4),
    }
    large = exchanges.predict_served(services.pixels, rows).to_bytes()
    with _repeating(services.ours, large) as count:
        found[BESIDE] = _measure(services.ours, request, seconds)
        found[BESIDE]["large_requests"] = count()
    return found


def _summarize(latencies: list[float]) -> dict[str, float]:
    p50, p99 = np.quantile(latencies, [0.5, 0.99]) * 1000
    return {"p50_ms": p50, "p99_ms": p99, "p99/p50": p99 / p50, "requests": len(latencies)}


def _measure(address: Address, request: bytes, seconds: float) -> dict[str, float]:
    """Measure requests after a first one, which may load the model."""
    with closing(Connection(address)) as connection:
        connection.exchange(request)
    return _summarize(_measure_latencies(address, request, seconds))


def _measure_latencies(address: Address, request: bytes, seconds: float) -> list[float]:
    """Return the seconds of each request; every connection sends the next one at once.

    The first request of each connection is not measured: it also waits to be accepted.
    """
    latencies: list[float] = []
    with ExitStack() as stack:
        waiting = stack.enter_context(closing(selectors.DefaultSelector()))
        sent: dict[socket.socket, float] = {}
        for _ in range(CONNECTIONS):
            connection = stack.enter_context(socket.create_connection(address))
            waiting.register(connection, selectors.EVENT_READ, bytearray())
            connection.sendall(request)
        end = time.perf_counter() + seconds
        while (now := time.perf_counter()) < end:
            for key, _ in waiting.select(end - now):
                connection = key.fileobj  # type: ignore[assignment]
                key.data.extend(connection.recv(RECEIVED_BYTES))
                if split_answer(bytes(key.data)) is None:
                    continue
                if connection in sent:
                    latencies.append(time.perf_counter() - sent[connection])
                key.data.clear()
                sent[connection] = time.perf_counter()
                connection.sendall(request)
    return latencies


@contextmanager
def _repeating(address: Address, request: bytes) -> Iterator[Callable[[], int]]:
    """Send a request again and again on a connection of its own; yield a function that counts."""
    stopped = threading.Event()
    done = [0]

    def run() -> None:
        with closing(Connection(address)) as connection:
            while not stopped.is_set():
                connection.exchange(request)
                done[0] += 1

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield lambda: done[0]
    finally:
        stopped.set()
        thread.join()
