"""Files that expand, sent to a running service: its memory, its disk, and the wait of others."""

import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import httpx2
import numpy as np
import psutil
import pyarrow as pa
import pytest

from tests.hostile.api_process import import_model
from tests.hostile.expanding_files import (
    MIB,
    PACKINGS,
    Expanding,
    Packing,
    arrow_nulls,
    arrow_views,
    pack,
    parquet_dictionary,
    parquet_with_false_footer,
    sparse_json,
)
from tests.service.conftest import problem
from tests.service.hostile.watched import WatchedService, watched_service
from tests.store.intake.any_files import parquet_bytes
from tests.waiting import wait_for

ARROW, PARQUET = "application/vnd.apache.arrow.file", "application/vnd.apache.parquet"
LINES = "application/x-ndjson"
# The files of the attack of November 2026 that these bounds answer, and similar ones.
ATTACKS: dict[str, tuple[str, Callable[[], Expanding]]] = {
    "2^27 nulls in 394 bytes": (ARROW, lambda: arrow_nulls(["x"], 2**27)),
    "2^24 nulls, just too many": (ARROW, lambda: arrow_nulls(["x"], 2**24)),
    "one text of 1 MiB in 500 rows": (PARQUET, lambda: parquet_dictionary("a" * MIB, 500)),
    "1,000 views of one text": (ARROW, lambda: arrow_views(MIB, 1000)),
    "a page of 300 MB": (PARQUET, lambda: parquet_with_false_footer(300 * 10**6, 1)),
    "4 pages of 120 MB": (PARQUET, lambda: parquet_with_false_footer(120 * 10**6, 4)),
    "9,999 lines of a key each": (LINES, lambda: sparse_json(9_999, 0, is_lines=True)),
}
# Growth of the API process: files of binary formats are read by others.
MAX_GROWTH = {ARROW: 48 * MIB, PARQUET: 48 * MIB, LINES: 256 * MIB}
MAX_CHILD_BYTES = 512 * MIB
# The honest file that took a reader longest in the attack: 2,900 columns, just within the limits.
SLOW = sparse_json(2_900, 0, is_lines=True).content
CSV = b"x,y\n1,2\n3,4\n"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WatchedService]:
    with watched_service(tmp_path_factory.mktemp("expansion")) as service:
        with httpx2.Client(base_url=service.url, timeout=60) as client:
            for media_type, file in ((ARROW, arrow_nulls(["x"], 3)), (LINES, None)):
                content = b'{"x":1}' if file is None else file.content
                assert send(client, content, media_type).status_code == 201
        yield service


@pytest.fixture
def client(service: WatchedService) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=service.url, timeout=120) as client:
        yield client


@pytest.fixture(scope="module")
def predict(service: WatchedService) -> str:
    """The path of a model whose features are the columns of the files; its reader has started."""
    with httpx2.Client(base_url=service.url, timeout=60) as client:
        weights = import_model(client, 1, MANY)
        path = weights.replace("/weights", "/predict?missing_columns=impute")
        content = arrow_nulls(["x"], 3).content
        assert client.post(path, content=content, headers={"Content-Type": ARROW}).is_success
    return path


def send(client: httpx2.Client, content: bytes, media_type: str) -> httpx2.Response:
    return client.post("/v1/datasets", content=content, headers={"Content-Type": media_type})


def children(service: WatchedService) -> list[psutil.Process]:
    """Return the processes that read binary files."""
    return psutil.Process(service.watch.pid).children(recursive=True)


@pytest.mark.parametrize("name", ATTACKS)
def test_attack_is_refused(
    service: WatchedService,
    client: httpx2.Client,
    name: str,
    record_property: Callable[[str, object], None],
) -> None:
    media_type, build = ATTACKS[name]
    file = build()
    kept = (service.count_rows(), service.files())
    service.watch.start()
    answer = send(client, file.content, media_type)
    spent = service.watch.stop()
    found = problem(answer, 413)
    assert found["setting"] == "BACKPROPD_MAX_EXPANSION"
    assert found["reached"] > found["limit"] > 0
    assert found["unit"] in {"bytes", "cells"}
    assert len(answer.content) < 64 * 1024
    assert spent.bytes <= MAX_GROWTH[media_type]
    assert max(child.memory_info().rss for child in children(service)) <= MAX_CHILD_BYTES
    assert (service.count_rows(), service.files()) == kept
    record_property("api_growth_bytes", spent.bytes)
    record_property("api_seconds", spent.seconds)


MANY = ["x", *(f"c{number}" for number in range(84))]
ROWS_TO_PREDICT: dict[str, tuple[str, Callable[[], Expanding]]] = {
    "100,000 nulls of 85 columns": (ARROW, lambda: arrow_nulls(MANY, 10**5)),
    "one text of 1 MiB in 500 rows": (PARQUET, lambda: parquet_dictionary("a" * MIB, 500)),
    "1,000 views of one text": (ARROW, lambda: arrow_views(MIB, 1000)),
    "a page of 300 MB": (PARQUET, lambda: parquet_with_false_footer(300 * 10**6, 1)),
    "4 pages of 120 MB": (PARQUET, lambda: parquet_with_false_footer(120 * 10**6, 4)),
}


@pytest.mark.parametrize("packing", PACKINGS)
@pytest.mark.parametrize("name", ROWS_TO_PREDICT)
def test_rows_to_predict_that_expand_are_refused(
    service: WatchedService,
    client: httpx2.Client,
    predict: str,
    name: str,
    packing: Packing,
    record_property: Callable[[str, object], None],
) -> None:
    media_type, build = ROWS_TO_PREDICT[name]
    content = pack(build().content, packing)
    kept = service.files()
    service.watch.start()
    answer = client.post(predict, content=content, headers={"Content-Type": media_type})
    spent = service.watch.stop()
    found = problem(answer, 413)
    assert found["reached"] > found["limit"] > 0
    assert "setting" not in found
    assert len(answer.content) < 64 * 1024
    assert spent.bytes <= MAX_GROWTH[media_type]
    assert max(child.memory_info().rss for child in children(service)) <= MAX_CHILD_BYTES
    assert service.files() == kept
    record_property("api_growth_bytes", spent.bytes)
    record_property("api_seconds", spent.seconds)


def test_too_many_rows_to_predict_are_refused(
    service: WatchedService, client: httpx2.Client, predict: str
) -> None:
    content = arrow_nulls(["x"], 2**27).content
    service.watch.start()
    answer = client.post(predict, content=content, headers={"Content-Type": ARROW})
    found = problem(answer, 413)
    assert (found["code"], found["unit"]) == ("too_many_rows", "rows")
    assert (found["reached"], found["limit"]) == (2**27, 100_000)
    assert service.watch.stop().bytes <= MAX_GROWTH[ARROW]


def test_many_small_row_groups_take_little_memory(
    service: WatchedService, client: httpx2.Client
) -> None:
    content = parquet_bytes(pa.table({"x": np.arange(1_000_000.0)}), row_group_size=50)
    service.watch.start()
    answer = send(client, content, PARQUET)
    spent = service.watch.stop()
    assert (answer.status_code, answer.json()["rows"]) == (201, 1_000_000)
    assert spent.bytes <= MAX_GROWTH[PARQUET]
    assert max(child.memory_info().rss for child in children(service)) <= MAX_CHILD_BYTES


def test_short_file_does_not_wait_for_those_that_take_long(
    service: WatchedService, client: httpx2.Client, record_property: Callable[[str, object], None]
) -> None:
    """Five files that take seconds each: the short one is not among the last to be answered."""
    finished: list[str] = []

    def send_slow(number: int) -> None:
        with httpx2.Client(base_url=service.url, timeout=120) as own:
            assert send(own, SLOW + b"\n" * number, LINES).status_code == 201
        finished.append("slow")

    with ThreadPoolExecutor(5) as threads:
        sent = [threads.submit(send_slow, number) for number in range(5)]
        wait_for(lambda: len(list((service.settings.data_dir / "incoming").iterdir())) == 5)
        start = time.perf_counter()
        assert send(client, CSV, "text/csv").status_code == 201
        record_property("wait_seconds", time.perf_counter() - start)
        finished.append("short")
        for one in sent:
            one.result()
    assert finished.index("short") <= 2


@pytest.mark.parametrize(
    ("content", "media_type"),
    [(SLOW + b" \n", LINES), (arrow_nulls(["x"], 16_000_000).content, ARROW)],
    ids=["text", "binary"],
)
def test_reading_stops_when_the_client_has_left(
    service: WatchedService, content: bytes, media_type: str
) -> None:
    kept = (service.count_rows(), service.files())
    incoming = service.settings.data_dir / "incoming"
    address = urlsplit(service.url)
    head = f"POST /v1/datasets HTTP/1.1\r\nHost: {address.netloc}\r\nContent-Type: {media_type}\r\n"
    with socket.create_connection((address.hostname or "", address.port or 0)) as connection:
        connection.sendall(f"{head}Content-Length: {len(content)}\r\n\r\n".encode() + content)
        # A copy of the rows or the column file is being written.
        wait_for(lambda: any(path.is_dir() for path in incoming.glob("*/intake-*")))
    wait_for(lambda: not list(incoming.iterdir()))
    assert (service.count_rows(), service.files()) == kept
