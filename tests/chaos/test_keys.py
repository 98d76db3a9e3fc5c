"""Idempotency: many equal concurrent POSTs to two API processes on one database."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import httpx2

from tests.chaos.figures import Figures
from tests.chaos.fleet import DatabaseKind, fleet
from tests.chaos.sizes import find_sizes
from tests.chaos.work import TINY, job_body, make_table

# The database where both processes could hold a lock at the same time.
REDUCED_DATABASE = "postgresql"
SIZES = find_sizes()
CLIENTS, KEYS = (100, 50) if SIZES.is_full else (10, 5)
SECONDS = 120


@dataclass(frozen=True)
class Answered:
    """The response to one client for one key."""

    key: str
    status: int
    location: str
    body: bytes
    is_replayed: bool


@contextmanager
def two_apis(
    folder: Path, kind: DatabaseKind, database_url: str | None
) -> Iterator[list[httpx2.Client]]:
    """Start two API processes on one database, and clients that alternate between them."""
    names = ("first", "second")
    with fleet(folder, kind, database_url=database_url) as ships:
        ships.wait_until_ready(*(ships.start_api(name) for name in names))
        urls = [ships.url_of(name) for name in names]
        clients = [httpx2.Client(base_url=urls[n % 2], timeout=SECONDS) for n in range(CLIENTS)]
        try:
            yield clients
        finally:
            for client in clients:
                client.close()


def upload_table(client: httpx2.Client) -> str:
    csv = {"Content-Type": "text/csv"}
    dataset_id: str = client.post("/v1/datasets", content=make_table(), headers=csv).json()["id"]
    return dataset_id


def post_together(clients: list[httpx2.Client], dataset_id: str) -> list[Answered]:
    """Post each key from all clients at the same time."""
    keys = [str(uuid4()) for _ in range(KEYS)]
    together = threading.Barrier(len(clients))

    def post_all(client: httpx2.Client) -> list[Answered]:
        answers = []
        for key in keys:
            together.wait(SECONDS)
            body = job_body(dataset_id, TINY, key)
            answer = client.post("/v1/jobs", json=body, headers={"Idempotency-Key": key})
            answers.append(
                Answered(
                    key,
                    answer.status_code,
                    answer.headers.get("location", ""),
                    answer.content,
                    "idempotency-replayed" in answer.headers,
                )
            )
        return answers

    with ThreadPoolExecutor(len(clients)) as pool:
        return [answer for answers in pool.map(post_all, clients) for answer in answers]


def list_job_ids(client: httpx2.Client) -> set[str]:
    page = client.get("/v1/jobs", params={"limit": 200}).json()
    assert not page["has_more"]
    return {job["id"] for job in page["data"]}


def test_many_equal_posts_at_once_make_one_job_per_key(
    tmp_path: Path, database_kind: DatabaseKind, database_url: str | None, figures: Figures
) -> None:
    with two_apis(tmp_path, database_kind, database_url) as clients:
        answers = post_together(clients, upload_table(clients[0]))
        job_ids = list_job_ids(clients[0])
    figures.jobs, figures.notes["posts"] = len(job_ids), len(answers)
    figures.lost, figures.duplicated = max(0, KEYS - len(job_ids)), max(0, len(job_ids) - KEYS)
    assert {answer.status for answer in answers} == {202}
    assert len(job_ids) == KEYS
    assert {answer.location.removeprefix("/v1/jobs/") for answer in answers} == job_ids
    # One distinct response per key: all responses of one key are byte-identical.
    assert len({(answer.key, answer.location, answer.body) for answer in answers}) == KEYS
    assert sum(not answer.is_replayed for answer in answers) == KEYS
