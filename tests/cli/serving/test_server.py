"""The server of one of several API processes: all sockets are served, and closed at the end."""

import asyncio
import socket
from typing import Any

import httpx2
import pytest
import uvicorn

from cli.serving import server as server_module
from cli.serving.server import ApiServer
from cli.serving.sockets import listen_together


async def application(scope: Any, receive: Any, send: Any) -> None:
    await receive()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": scope["path"].encode()})


async def ask(url: str) -> str:
    """Ask on a new connection, so that the kernel chooses one of the sockets."""
    async with httpx2.AsyncClient(timeout=20) as client:
        return (await client.get(f"{url}/here")).text


def test_server_answers_at_all_sockets_and_closes_them() -> None:
    closed: list[str] = []
    with listen_together("127.0.0.1", 0, 3) as listeners:
        address = listeners[0].getsockname()
        config = uvicorn.Config(application, lifespan="off", log_config=None, ws="none")
        server = ApiServer(
            config, lambda: closed.append("streams"), lambda: closed.append("work"), listeners[1:]
        )

        async def run() -> None:
            serving = asyncio.create_task(server.serve(sockets=listeners[:1]))
            url = f"http://127.0.0.1:{address[1]}"
            assert await asyncio.gather(*(ask(url) for _ in range(30))) == ["/here"] * 30
            server.should_exit = True
            await serving

        asyncio.run(run())
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(address)
    assert closed == ["streams"]


def test_work_is_stopped_before_its_request_is_cancelled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_module, "STOP_SECONDS", 1)
    begun, stop = asyncio.Event(), asyncio.Event()

    async def work(scope: Any, receive: Any, send: Any) -> None:
        begun.set()
        await stop.wait()
        await application(scope, receive, send)

    async def run() -> None:
        config = uvicorn.Config(
            work, lifespan="off", log_config=None, ws="none", timeout_graceful_shutdown=60
        )
        server = ApiServer(config, lambda: None, stop.set)
        with socket.create_server(("127.0.0.1", 0)) as listener:
            serving = asyncio.create_task(server.serve(sockets=[listener]))
            asking = asyncio.create_task(ask(f"http://127.0.0.1:{listener.getsockname()[1]}"))
            await begun.wait()
            server.should_exit = True
            assert await asking == "/here"
            await serving

    asyncio.run(run())
