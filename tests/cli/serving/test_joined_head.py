"""The head of a response is sent with the first part of its body."""

import asyncio
from collections.abc import Callable
from typing import Any, cast

import pytest

from cli.serving.joined_head import JoinedHeadTransport

HEAD = b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\n"


class RecordingTransport:
    """Records what is sent by each call."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.is_closed = False

    def write(self, data: bytes) -> None:
        assert not self.is_closed
        self.sent.append(data)

    def writelines(self, parts: tuple[bytes, ...]) -> None:
        self.write(b"".join(parts))

    def is_closing(self) -> bool:
        return self.is_closed

    def close(self) -> None:
        self.is_closed = True

    def get_extra_info(self, name: str) -> str:
        return f"extra {name}"


def run(use: Callable[[Any], None]) -> tuple[list[bytes], list[bytes]]:
    """Return what is sent while the transport is used, and until the event loop's next round."""
    transport = RecordingTransport()

    async def main() -> list[bytes]:
        loop = asyncio.get_running_loop()
        use(JoinedHeadTransport(cast("asyncio.Transport", transport), loop))
        sent = [*transport.sent]
        await asyncio.sleep(0)
        return sent

    return asyncio.run(main()), transport.sent


def test_head_and_body_are_one_write() -> None:
    def use(joined: Any) -> None:
        joined.write(HEAD)
        joined.write(b"body")
        joined.write(b"more")

    assert run(use) == ([HEAD + b"body", b"more"], [HEAD + b"body", b"more"])


@pytest.mark.parametrize("head", [HEAD, b"HTTP/1.1 100 Continue\r\n\r\n"])
def test_a_head_alone_is_sent_in_the_next_round(head: bytes) -> None:
    assert run(lambda joined: joined.write(head)) == ([], [head])


def test_an_empty_body_sends_the_head() -> None:
    def use(joined: Any) -> None:
        joined.write(HEAD)
        joined.write(b"")

    assert run(use)[0] == [HEAD]


def test_closing_sends_the_head_first() -> None:
    def use(joined: Any) -> None:
        joined.write(HEAD)
        joined.close()
        assert joined.is_closing()

    assert run(use) == ([HEAD], [HEAD])


def test_a_lost_connection_drops_the_head() -> None:
    def use(joined: Any) -> None:
        joined.write(HEAD)
        joined._transport.close()

    assert run(use) == ([], [])


def test_other_attributes_are_those_of_the_transport() -> None:
    def use(joined: Any) -> None:
        assert joined.get_extra_info("peername") == "extra peername"

    run(use)
