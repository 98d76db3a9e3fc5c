"""Processor time of an application's answer, without a server and sockets."""

import asyncio
import time
from collections.abc import Callable, MutableMapping
from typing import Any

import numpy as np
import uvloop
from fastapi import FastAPI

from benchmarks.serving.exchanges import Exchange

SECONDS = 0.5
LEAST_REPETITIONS = 5


def median_milliseconds(run: Callable[[], object]) -> float:
    """Return the median milliseconds of processor time of a call, all threads together."""
    run()
    taken: list[float] = []
    while _is_short(taken):
        started = time.process_time()
        run()
        taken.append(time.process_time() - started)
    return float(np.median(taken)) * 1000


def time_application(app: FastAPI, exchange: Exchange) -> float:
    """Return the median milliseconds of processor time of an application's answer."""

    async def measure() -> float:
        # One event loop for all calls: to enter it takes as long as a short answer.
        await _call(app, exchange)
        taken: list[float] = []
        while _is_short(taken):
            started = time.process_time()
            await _call(app, exchange)
            taken.append(time.process_time() - started)
        return float(np.median(taken)) * 1000

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(measure())


def _is_short(taken: list[float]) -> bool:
    return sum(taken) < SECONDS or len(taken) < LEAST_REPETITIONS


async def _call(app: FastAPI, exchange: Exchange) -> None:
    """Call the application once. Raises SystemExit if the status is not 200."""
    length = {"host": "localhost", "content-length": str(len(exchange.body))}
    headers = {name.lower(): value for name, value in exchange.headers.items()} | length
    scope: dict[str, Any] = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": exchange.method,
        "scheme": "http",
        "path": exchange.path,
        "raw_path": exchange.path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 2),
    }

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "http.request", "body": exchange.body, "more_body": False}

    async def send(message: MutableMapping[str, Any]) -> None:
        if message.get("status", 200) != 200:
            raise SystemExit(f"{exchange.path}: status {message['status']}")

    await app(scope, receive, send)
