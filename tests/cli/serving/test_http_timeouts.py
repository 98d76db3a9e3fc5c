"""Time-outs of clients that stop in the middle of a request, on real sockets."""

import asyncio
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from http import HTTPStatus
from typing import Any

import pytest
import uvicorn
from fastapi.responses import JSONResponse

from cli.serving.http_timeouts import MAX_HEAD_BYTES, timeout_protocol
from service.http.prefixes import READ_AHEAD_BYTES, Prefix, Prefixes
from service.http.renderers import render_problem
from tests.waiting import wait_for

TIMEOUT = 0.3
PREFIXES = Prefixes(
    Prefix(["/"], render_problem),
    Prefix(["/careful"], render_problem, read_ahead_bytes=2**17),
    Prefix(
        ["/v2"],
        lambda error: JSONResponse({"error": error.detail, "code": error.code}, error.status),
    ),
)
POST = b"POST / HTTP/1.1\r\nHost: here\r\nContent-Length: 10\r\n"


async def application(scope: Any, receive: Any, send: Any) -> None:
    """ASGI application that answers with the body's length; the path selects its behaviour."""
    if scope["path"] == "/late" or scope["path"].endswith("/first"):
        await asyncio.sleep(TIMEOUT * 2.5)
    length, more = 0, scope["path"] != "/refused"
    first = 0
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        length += len(message["body"])
        first = first or length
        more = message["more_body"]
    if scope["path"] == "/slow":
        await asyncio.sleep(TIMEOUT * 2.5)
    body = b"%d" % (first if scope["path"].endswith("/first") else length)
    headers = [(b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


@pytest.fixture(scope="module")
def address() -> Iterator[tuple[str, int]]:
    """The address of a server with a short time-out."""
    config = uvicorn.Config(
        application,
        http=timeout_protocol(TIMEOUT, PREFIXES),
        ws="none",
        lifespan="off",
        log_config=None,
    )
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        wait_for(lambda: server.started)
        yield listener.getsockname()
        server.should_exit = True
        thread.join()


@pytest.fixture
def client(address: tuple[str, int]) -> Iterator[socket.socket]:
    with closing(socket.create_connection(address, timeout=20)) as client:
        yield client


def read_all(client: socket.socket) -> bytes:
    """Return all bytes until the server closes the connection."""
    received = b""
    while piece := client.recv(65_536):
        received += piece
    return received


def read_answer(client: socket.socket) -> bytes:
    """Return the server's next response, which arrives in one piece."""
    return client.recv(65_536)


def is_cut_off(client: socket.socket) -> bool:
    """Send one byte; return whether the server has closed the connection."""
    try:
        client.sendall(b"x")
    except OSError:
        return True
    return False


def problem(answer: bytes, status: int) -> dict[str, Any]:
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 %d " % status)
    assert b"content-type: application/problem+json" in head
    assert b"connection: close" in head
    found: dict[str, Any] = json.loads(body)
    return found


def test_half_sent_headers_are_answered_and_closed(client: socket.socket) -> None:
    client.sendall(b"GET / HTTP/1.1\r\nHos")
    found = problem(read_all(client), 408)
    assert (found["code"], found["title"]) == ("request_timeout", "Request Timeout")


def test_slowly_dripping_headers_time_out(client: socket.socket) -> None:
    client.sendall(b"GET / HTTP/1.1\r\n")
    client.settimeout(TIMEOUT / 10)
    received, deadline = b"", time.monotonic() + 20
    while not received and time.monotonic() < deadline:
        client.sendall(b"X-Drip: a\r\n")
        try:
            received = client.recv(65_536)
        except TimeoutError:
            continue
    problem(received, 408)


def test_client_that_sends_nothing_is_disconnected_without_a_response(
    client: socket.socket,
) -> None:
    assert read_all(client) == b""


def test_half_sent_body_is_answered_and_closed(client: socket.socket) -> None:
    client.sendall(POST + b"\r\n12345")
    problem(read_all(client), 408)


def test_half_sent_chunk_is_answered_and_closed(client: socket.socket) -> None:
    client.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n12")
    problem(read_all(client), 408)


def test_slow_but_steady_body_is_read(client: socket.socket) -> None:
    client.sendall(POST + b"\r\n")
    for _ in range(10):
        time.sleep(TIMEOUT / 4)  # in total far longer than the time-out
        client.sendall(b"x")
    assert read_answer(client).endswith(b"\r\n\r\n10")


def test_second_request_of_a_connection_times_out_too(client: socket.socket) -> None:
    client.sendall(POST + b"\r\n0123456789")
    assert read_answer(client).endswith(b"\r\n\r\n10")
    client.sendall(b"GET / HTTP/1.1\r\nHos")
    problem(read_all(client), 408)


def test_connection_may_be_idle_between_two_requests(client: socket.socket) -> None:
    for _ in range(2):
        client.sendall(POST + b"\r\n0123456789")
        assert read_answer(client).endswith(b"\r\n\r\n10")
        time.sleep(TIMEOUT * 2)


def test_slow_response_does_not_time_out_the_client(client: socket.socket) -> None:
    client.sendall(POST.replace(b"/", b"/slow", 1) + b"\r\n0123456789")
    assert read_answer(client).endswith(b"\r\n\r\n10")


def test_client_waiting_for_100_continue_does_not_time_out(client: socket.socket) -> None:
    client.sendall(POST.replace(b"/", b"/late", 1) + b"Expect: 100-continue\r\n\r\n")
    assert read_answer(client).startswith(b"HTTP/1.1 100 ")
    client.sendall(b"0123456789")
    assert read_answer(client).endswith(b"\r\n\r\n10")


def test_unread_body_of_an_answered_request_times_out(client: socket.socket) -> None:
    long = POST.replace(b"/", b"/refused", 1).replace(b": 10", b": 100000")
    client.sendall(long + b"\r\n")
    assert read_answer(client).endswith(b"\r\n\r\n0")
    wait_for(lambda: is_cut_off(client), 20, every=TIMEOUT / 10)


@pytest.mark.parametrize(
    ("path", "allowed"), [(b"/first", READ_AHEAD_BYTES), (b"/careful/first", 2**17)]
)
def test_reading_ahead_of_the_application_is_bounded(
    client: socket.socket, path: bytes, allowed: int
) -> None:
    sent = 16 * READ_AHEAD_BYTES
    head = POST.replace(b"/", path, 1).replace(b": 10", b": %d" % sent)
    client.sendall(head + b"\r\n" + bytes(sent))
    first = int(read_answer(client).rpartition(b"\r\n\r\n")[2])
    # The last read is not cut: uvloop and asyncio read up to 256 KiB at a time.
    assert allowed < first <= allowed + 2**18


def test_pending_response_is_sent_although_the_next_request_stalls(client: socket.socket) -> None:
    client.sendall(POST.replace(b"/", b"/slow", 1) + b"\r\n0123456789GET / HT")
    received = read_all(client)
    assert received.startswith(b"HTTP/1.1 200 ")
    assert received.endswith(b"\r\n\r\n10")


def test_endless_headers_are_refused(client: socket.socket) -> None:
    client.sendall(b"GET / HTTP/1.1\r\nX: " + b"a" * MAX_HEAD_BYTES)
    assert problem(read_all(client), 431)["code"] == "request_header_fields_too_large"


V2 = b"POST /v2/x HTTP/1.1\r\nHost: here\r\n"
BROKEN = b"Content-Length: ten\r\n\r\n"


def answers_to(address: tuple[str, int], *requests: bytes, first: bytes = b"") -> list[bytes]:
    """Return the answers to requests on connections of their own, which time out together.

    Each connection sends `first` before, and its answer is not returned.
    """
    with ExitStack() as connections:
        clients = []
        for request in requests:
            connection = closing(socket.create_connection(address, timeout=20))
            client = connections.enter_context(connection)
            if first:
                client.sendall(first)
                assert read_answer(client).startswith(b"HTTP/1.1 200 ")
            client.sendall(request)
            clients.append(client)
        return [read_all(client) for client in clients]


def test_error_has_the_shape_of_the_prefix(address: tuple[str, int]) -> None:
    expected = {
        V2 + b"X: half a hea": "request_timeout",
        V2 + b"Content-Length: 10\r\n\r\n12345": "request_timeout",
        V2 + b"X: " + b"a" * MAX_HEAD_BYTES: "request_header_fields_too_large",
        V2 + BROKEN: "bad_request",
        V2.replace(b"2", b"%32", 1) + BROKEN: "bad_request",
    }
    for answer, code in zip(answers_to(address, *expected), expected.values(), strict=True):
        head, _, body = answer.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 %d " % HTTPStatus[code.upper()])
        assert b"content-type: application/json" in head.split(b"\r\n")
        assert list(json.loads(body)) == ["error", "code"]
        assert json.loads(body)["code"] == code


def test_error_without_a_known_prefix_is_a_problem(address: tuple[str, int]) -> None:
    expected = {
        # The rest of the URL may not have arrived.
        b"POST /v2": 408,
        b"POST /v2/x HTTP/1.1\r\nHos": 408,
        b"nonsense\r\n\r\n": 400,
        POST + BROKEN: 400,
    }
    for answer, status in zip(answers_to(address, *expected), expected.values(), strict=True):
        problem(answer, status)


def test_path_of_the_previous_request_does_not_count(address: tuple[str, int]) -> None:
    first = POST.replace(b"/", b"/v2", 1) + b"\r\n0123456789"
    expected = {b"\r\n": 408, b"GET /v": 408, b"nonsense\r\n\r\n": 400}
    answers = answers_to(address, *expected, first=first)
    for answer, status in zip(answers, expected.values(), strict=True):
        problem(answer, status)
