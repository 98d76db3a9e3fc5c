"""The API's memory does not grow with the size of an upload."""

from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.service.hostile.watched import MIB, watched_service

ALLOWED_BYTES = 150 * MIB
LINES = "".join(
    f"{n},{n % 1000 / 8},w{n % 40},{'ny'[n % 2]},2024-0{n % 9 + 1}-11\n" for n in range(50_000)
)


def stream(megabytes: int) -> Iterator[bytes]:
    """Yield a CSV file of about this size in pieces."""
    piece = LINES.encode()
    yield b"number,size,word,flag,day\n"
    for _ in range(max(1, megabytes * MIB // len(piece))):
        yield piece


@pytest.mark.rare
def test_a_large_upload_takes_little_memory(tmp_path: Path) -> None:
    csv = {"Content-Type": "text/csv"}
    with (
        watched_service(tmp_path) as service,
        httpx2.Client(base_url=service.url, timeout=60) as client,
    ):
        assert client.post("/v1/datasets", content=stream(1), headers=csv).status_code == 201
        service.watch.start()
        answer = client.post("/v1/datasets", content=stream(170), headers=csv)
        spent = service.watch.stop()
    assert answer.status_code == 201, answer.text
    assert answer.json()["bytes"] > 160 * MIB
    assert spent.bytes < ALLOWED_BYTES
