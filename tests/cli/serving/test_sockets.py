"""The API's socket: a free port, a port that is taken, an address that is not ours."""

import socket

import pytest

from cli.errors import CommandError
from cli.serving.sockets import listen, local_address, url_of


def test_port_zero_takes_a_free_one_and_tells_it() -> None:
    with listen("127.0.0.1", 0) as listener:
        port = listener.getsockname()[1]
        assert url_of(listener, "127.0.0.1") == f"http://127.0.0.1:{port}"
        with socket.create_connection(("127.0.0.1", port)):
            pass


def test_a_taken_port_is_a_clear_error() -> None:
    with listen("127.0.0.1", 0) as first:
        port = first.getsockname()[1]
        message = f"cannot listen on 127.0.0.1 port {port}: Address already in use"
        with pytest.raises(CommandError, match=message):
            listen("127.0.0.1", port)


def test_an_unknown_host_is_a_clear_error() -> None:
    with pytest.raises(CommandError, match=r"cannot listen on host\.invalid"):
        listen("host.invalid", 0)


def test_who_listens_everywhere_is_reached_locally() -> None:
    with listen("0.0.0.0", 0) as listener:
        assert local_address(listener)[0] == "127.0.0.1"
        assert url_of(listener, "0.0.0.0").startswith("http://0.0.0.0:")
