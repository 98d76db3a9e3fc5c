"""The API's socket: a free port, a port in use, an unknown host."""

import socket
from collections.abc import Iterator
from contextlib import suppress

import pytest

from cli.errors import CommandError
from cli.serving.sockets import listen, listen_together, local_address, url_of


def test_port_zero_selects_a_free_port_and_reports_it() -> None:
    with listen("127.0.0.1", 0) as listener:
        port = listener.getsockname()[1]
        assert url_of(listener, "127.0.0.1") == f"http://127.0.0.1:{port}"
        with socket.create_connection(("127.0.0.1", port)):
            pass


def test_a_port_in_use_is_a_clear_error() -> None:
    with listen("127.0.0.1", 0) as first:
        port = first.getsockname()[1]
        message = f"cannot listen on 127.0.0.1 port {port}: Address already in use"
        with pytest.raises(CommandError, match=message):
            listen("127.0.0.1", port)


def test_an_unknown_host_is_a_clear_error() -> None:
    with pytest.raises(CommandError, match=r"cannot listen on host\.invalid"):
        listen("host.invalid", 0)


def test_a_wildcard_listener_is_reached_locally() -> None:
    with listen("0.0.0.0", 0) as listener:
        assert local_address(listener)[0] == "127.0.0.1"
        assert url_of(listener, "0.0.0.0").startswith("http://0.0.0.0:")


def test_sockets_on_one_port_share_its_connections() -> None:
    with listen_together("127.0.0.1", 0, 2) as listeners:
        address = listeners[0].getsockname()
        clients = [socket.create_connection(address) for _ in range(64)]
        for listener in listeners:
            listener.settimeout(0)
        accepted = [len(list(_accept_all(listener))) for listener in listeners]
        for client in clients:
            client.close()
    assert sum(accepted) == 64
    # Expected are 32 and 32; the probability of a smaller share is 1e-5.
    assert min(accepted) >= 15


def _accept_all(listener: socket.socket) -> Iterator[None]:
    with suppress(BlockingIOError):
        while True:
            listener.accept()[0].close()
            yield


@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize("others", [1, 2])
def test_a_port_that_is_shared_is_in_use_for_others(count: int, others: int) -> None:
    with listen_together("127.0.0.1", 0, count) as first:
        port = first[0].getsockname()[1]
        refused = listen_together("127.0.0.1", port, others)
        with pytest.raises(CommandError, match="Address already in use"), refused:
            pass


def test_sockets_on_one_port_listen_until_the_end_of_the_block() -> None:
    with listen_together("127.0.0.1", 0, 2) as listeners:
        address = listeners[0].getsockname()[:2]
        assert {listener.getsockname()[:2] for listener in listeners} == {address}
        socket.create_connection(address).close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address)
