"""The API's socket: a free port, a port in use, an unknown host."""

import socket

import pytest

from cli.errors import CommandError
from cli.serving.sockets import listen, local_address, url_of


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
